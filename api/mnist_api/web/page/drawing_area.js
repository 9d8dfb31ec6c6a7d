// The drawing area: strokes by mouse, finger, pen or keyboard, or a picture file.
// Coordinates of strokes are fractions of the side, so that a resized canvas can be redrawn.

import { drawBoxes, drawCursor, drawStrokes } from "./rendering.js";

const STEP = 0.02; // of the side, for each press of an arrow key
const SENT_SIDE = 280; // pixels of the picture that is sent

export class DrawingArea {
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.strokes = [];
    this.picture = null;
    this.boxes = []; // of the digits of a picture with several, as the server returns them
    this.pen = { x: 0.5, y: 0.5, down: false };
    this.keyboard = false; // whether the keyboard's pen is shown
    this.pointers = new Map(); // pointer id → its stroke
    this.addListeners();
  }

  get empty() {
    return this.strokes.length === 0 && !this.picture;
  }

  get unfinished() {
    return this.pointers.size > 0 || this.pen.down;
  }

  clear() {
    this.reset();
    this.draw();
    this.onChange();
  }

  // Replaces the strokes by a picture file, and shows it if the browser can decode it.
  async setPicture(blob) {
    const picture = { blob, image: null };
    this.reset();
    this.picture = picture;
    this.onChange();
    picture.image = await createImageBitmap(blob).catch(() => null); // the server's error is shown
    this.draw();
  }

  setBoxes(boxes) {
    if (!boxes.length && !this.boxes.length) return;
    this.boxes = boxes;
    this.draw();
  }

  reset() {
    this.strokes = [];
    this.picture = null;
    this.boxes = [];
    this.pointers.clear();
    this.pen.down = false;
  }

  // The picture file, or the strokes as a PNG, black on white.
  async toBlob() {
    if (this.picture) return this.picture.blob;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SENT_SIDE;
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SENT_SIDE, SENT_SIDE);
    drawStrokes(context, SENT_SIDE, this.strokes, "#000");
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
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
    drawStrokes(context, side, this.strokes, getComputedStyle(this.canvas).color);
    const sent = this.picture?.image ?? { width: SENT_SIDE, height: SENT_SIDE };
    drawBoxes(context, side, this.boxes, sent);
    if (this.keyboard && document.activeElement === this.canvas) drawCursor(context, side, this.pen);
  }

  beginStroke(point) {
    this.picture = null;
    const stroke = [point];
    this.strokes.push(stroke);
    return stroke;
  }

  toPoint(event) {
    const box = this.canvas.getBoundingClientRect();
    const clamp = (fraction) => Math.min(1, Math.max(0, fraction));
    return {
      x: clamp((event.clientX - box.left) / box.width),
      y: clamp((event.clientY - box.top) / box.height),
    };
  }

  addListeners() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.pen.down = this.keyboard = false;
      this.pointers.set(event.pointerId, this.beginStroke(this.toPoint(event)));
      this.drawAndNotify();
    });
    canvas.addEventListener("pointermove", (event) => {
      const stroke = this.pointers.get(event.pointerId);
      if (!stroke) return;
      const coalesced = event.getCoalescedEvents?.() ?? [];
      stroke.push(...(coalesced.length ? coalesced : [event]).map((one) => this.toPoint(one)));
      this.drawAndNotify();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => {
        if (this.pointers.delete(event.pointerId)) this.onChange();
      });
    }
    canvas.addEventListener("keydown", (event) => this.handleKey(event));
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

  handleKey(event) {
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const direction = directions[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (!direction && event.key !== " ")) return;
    event.preventDefault();
    this.keyboard = true;
    if (direction) {
      const step = STEP * (event.shiftKey ? 3 : 1);
      this.pen.x = Math.min(1, Math.max(0, this.pen.x + direction[0] * step));
      this.pen.y = Math.min(1, Math.max(0, this.pen.y + direction[1] * step));
      if (this.pen.down) this.strokes.at(-1).push({ x: this.pen.x, y: this.pen.y });
    } else if (!event.repeat) {
      this.pen.down = !this.pen.down;
      if (this.pen.down) this.beginStroke({ x: this.pen.x, y: this.pen.y });
    }
    if (this.pen.down || event.key === " ") this.drawAndNotify();
    else this.draw();
  }

  drawAndNotify() {
    this.draw();
    this.onChange();
  }
}
