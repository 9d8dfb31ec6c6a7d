// The drawing area: strokes by mouse, finger, pen or keyboard, or a picture that was given.
// Strokes are kept in shares of the side, so that a resized or re-coloured canvas can be redrawn.

const PEN = 0.085; // stroke width, of the side
const STEP = 0.02;
const SENT = 280; // side of the picture that is sent, in pixels

export class Pad {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.picture = null;
    this.pen = { x: 0.5, y: 0.5, down: false };
    this.keyboard = false; // whether the pen of the keyboard shows
    this.pointers = new Map();
    this.listen();
  }

  get empty() {
    return this.strokes.length === 0 && !this.picture;
  }

  clear() {
    this.wipe();
    this.draw();
    this.changed();
  }

  // Takes a picture in place of the strokes, and shows it where the browser can.
  async give(blob) {
    const picture = { blob, image: null };
    this.wipe();
    this.picture = picture;
    this.changed();
    picture.image = await createImageBitmap(blob).catch(() => null); // the server says what is wrong
    this.draw();
  }

  wipe() {
    this.strokes = [];
    this.picture = null;
    this.pointers.clear();
    this.pen.down = false;
  }

  // The file that was given, or the strokes as a PNG, black on white.
  async blob() {
    if (this.picture) return this.picture.blob;
    const sheet = document.createElement("canvas");
    sheet.width = sheet.height = SENT;
    const context = sheet.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SENT, SENT);
    this.ink(context, SENT, "#000");
    return new Promise((done) => sheet.toBlob(done, "image/png"));
  }

  draw() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!side) return;
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    if (this.picture?.image) {
      const { width: w, height: h } = this.picture.image;
      const scale = side / Math.max(w, h);
      const [width, height] = [w * scale, h * scale];
      context.drawImage(this.picture.image, (side - width) / 2, (side - height) / 2, width, height);
    }
    const style = getComputedStyle(this.canvas);
    this.ink(context, side, style.color);
    if (this.keyboard && document.activeElement === this.canvas) {
      this.cursor(context, side, getComputedStyle(document.querySelector("#clear")).borderColor);
    }
  }

  ink(context, side, colour) {
    context.strokeStyle = colour;
    context.lineWidth = PEN * side;
    context.lineCap = context.lineJoin = "round";
    for (const points of this.strokes) {
      context.beginPath();
      context.moveTo(points[0].x * side, points[0].y * side);
      context.lineTo(points[0].x * side + 0.01, points[0].y * side); // of no length it would not show
      for (const { x, y } of points.slice(1)) context.lineTo(x * side, y * side);
      context.stroke();
    }
  }

  // Where the keyboard's pen is: a ring, filled while it is down.
  cursor(context, side, colour) {
    context.beginPath();
    context.arc(this.pen.x * side, this.pen.y * side, (PEN / 2) * side, 0, 2 * Math.PI);
    context.lineWidth = side / 120;
    context.strokeStyle = context.fillStyle = colour;
    if (this.pen.down) context.fill();
    else context.stroke();
  }

  begin(point) {
    this.picture = null;
    const stroke = [point];
    this.strokes.push(stroke);
    return stroke;
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const within = (share) => Math.min(1, Math.max(0, share));
    return {
      x: within((event.clientX - box.left) / box.width),
      y: within((event.clientY - box.top) / box.height),
    };
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.pen.down = this.keyboard = false;
      this.pointers.set(event.pointerId, this.begin(this.place(event)));
      this.redraw();
    });
    canvas.addEventListener("pointermove", (event) => {
      const stroke = this.pointers.get(event.pointerId);
      if (!stroke) return;
      const finer = event.getCoalescedEvents?.() ?? [];
      stroke.push(...(finer.length ? finer : [event]).map((part) => this.place(part)));
      this.redraw();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("focus", () => {
      this.keyboard = canvas.matches(":focus-visible");
      this.draw();
    });
    canvas.addEventListener("blur", () => {
      this.pen.down = false;
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  press(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (!way && event.key !== " ")) return;
    event.preventDefault();
    this.keyboard = true;
    if (way) {
      const step = STEP * (event.shiftKey ? 3 : 1);
      this.pen.x = Math.min(1, Math.max(0, this.pen.x + way[0] * step));
      this.pen.y = Math.min(1, Math.max(0, this.pen.y + way[1] * step));
      if (this.pen.down) this.strokes.at(-1).push({ x: this.pen.x, y: this.pen.y });
    } else if (!event.repeat) {
      this.pen.down = !this.pen.down;
      if (this.pen.down) this.begin({ x: this.pen.x, y: this.pen.y });
    }
    if (this.pen.down) this.redraw();
    else this.draw();
  }

  redraw() {
    this.draw();
    this.changed();
  }
}
