// Draws strokes, boxes and the keyboard's pen on a square canvas of ``side`` pixels.

const STROKE_WIDTH = 0.085; // of the side

const accentColour = () => getComputedStyle(document.querySelector("#clear")).borderColor;

export function drawStrokes(context, side, strokes, colour) {
  context.strokeStyle = colour;
  context.lineWidth = STROKE_WIDTH * side;
  context.lineCap = context.lineJoin = "round";
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(points[0].x * side, points[0].y * side);
    context.lineTo(points[0].x * side + 0.01, points[0].y * side); // a length of 0 is not drawn
    for (const { x, y } of points.slice(1)) context.lineTo(x * side, y * side);
    context.stroke();
  }
}

// The digits' boxes, in pixels of the picture that was sent, each with what the network reads.
export function drawBoxes(context, side, boxes, { width, height }) {
  const scale = side / Math.max(width, height);
  context.strokeStyle = context.fillStyle = accentColour();
  context.lineWidth = side / 150;
  context.font = `bold ${side / 16}px sans-serif`;
  for (const { box, prediction } of boxes) {
    const left = (side - width * scale) / 2 + box[0] * scale;
    const top = (side - height * scale) / 2 + box[1] * scale;
    context.strokeRect(left, top, box[2] * scale, box[3] * scale);
    context.fillText(prediction, left, top - side / 100);
  }
}

// The position of the keyboard's pen: a circle, filled while the pen is down.
export function drawCursor(context, side, pen) {
  context.beginPath();
  context.arc(pen.x * side, pen.y * side, (STROKE_WIDTH / 2) * side, 0, 2 * Math.PI);
  context.lineWidth = side / 120;
  context.strokeStyle = context.fillStyle = accentColour();
  if (pen.down) context.fill();
  else context.stroke();
}
