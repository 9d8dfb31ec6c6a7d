// Connects the drawing area, the requests to the server and the page.

import { copyCommand, showCommand } from "./curl_command.js";
import { DrawingArea } from "./drawing_area.js";
import { PredictionClient, setToken } from "./prediction_client.js";
import { showModel, showTokenForm } from "./status.js";
import { formatPercent, translate, translatePage } from "./texts.js";

const LOWEST_SCORE = 0.5; // of what looks like a digit
const ANNOUNCEMENT_DELAY = 600; // milliseconds
const find = (id) => document.getElementById(id);
const STEPS = {
  contrast: "Contrast with the background",
  found: "What was found",
  digit: "28 × 28 pixels of it",
};

const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const probability = document.createElement("span");
  name.textContent = digit;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", translate("Probability of {digit}", { digit }));
  probability.className = "probability";
  row.append(name, bar, probability);
  find("bars").append(row);
  return { row, bar, probability };
});

function showPrediction({ prediction, probabilities }) {
  const ranking = probabilities.map((_, digit) => digit);
  ranking.sort((a, b) => probabilities[b] - probabilities[a]);
  const [, second] = ranking;
  const sure = translate("{confidence} sure", {
    confidence: formatPercent(probabilities[prediction], 2),
  });
  find("prediction").textContent = prediction;
  find("confidence").textContent = sure;
  find("second").textContent = translate("then {digit}, {probability}", {
    digit: second,
    probability: formatPercent(probabilities[second], 1),
  });
  const unlike = find("unlike").hidden ? "" : ` ${find("unlike").textContent}`;
  announce(`${prediction}, ${sure}${unlike}`);
  bars.forEach(({ row, bar, probability }, digit) => {
    bar.value = probabilities[digit] < 0.005 ? 0 : probabilities[digit];
    probability.textContent = formatPercent(probabilities[digit], 1);
    row.classList.toggle("first", digit === prediction);
  });
}

function showSeveral(predictions) {
  const digits = predictions.map(({ prediction }) => prediction).join(" ");
  find("prediction").textContent = predictions.length;
  find("confidence").textContent = translate("digits: {digits}", { digits });
  announce(find("confidence").textContent);
}

function clearPrediction() {
  find("prediction").textContent = "–";
  find("confidence").textContent = translate("Nothing to read yet");
  find("second").textContent = "\u00a0";
  for (const { row, bar, probability } of bars) {
    bar.value = 0;
    probability.textContent = "";
    row.classList.remove("first");
  }
}

function showInput(image) {
  const context = find("input").getContext("2d");
  const pixels = context.createImageData(28, 28);
  for (let pixel = 0; pixel < 784; pixel += 1) {
    const grey = Math.round((image?.[pixel] ?? 0) * 255);
    pixels.data.set([grey, grey, grey, 255], 4 * pixel);
  }
  context.putImageData(pixels, 0, 0);
  const label = image
    ? "The network's input, 28 by 28 pixels: your digit, white on black"
    : "The network's input, 28 by 28 pixels: empty";
  find("input").setAttribute("aria-label", translate(label));
}

// Shows how the picture was read, also when it is refused.
function showSteps(steps) {
  find("steps").hidden = !steps.length;
  const figures = steps.map(({ name, image }) => {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const caption = document.createElement("figcaption");
    caption.textContent = translate(STEPS[name]);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", caption.textContent);
    drawPicture(canvas, image);
    figure.append(canvas, caption);
    return figure;
  });
  find("steps").replaceChildren(...figures);
}

// Draws a data URL; the page's policy allows it no images but the server's.
async function drawPicture(canvas, url) {
  const bytes = Uint8Array.from(atob(url.split(",")[1]), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]));
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

let announcementTimer;
// Sets the text for screen readers once it stays the same: not for each step of a stroke.
function announce(text) {
  clearTimeout(announcementTimer);
  announcementTimer = setTimeout(() => {
    find("announcement").textContent = text;
  }, ANNOUNCEMENT_DELAY);
}

function show(result) {
  if (result?.refused && drawing.unfinished) return; // a digit begins as a dot or a line
  find("error").hidden = !result?.message;
  find("error").textContent = result?.message ?? "";
  if (result?.needsToken) showTokenForm();
  document.body.classList.toggle("empty", !result?.prediction && !result?.predictions);
  showInput(result?.image);
  showSteps(result?.steps ?? []);
  showCommand(result?.image);
  find("unlike").hidden = !(result?.prediction && (result.score ?? 1) < LOWEST_SCORE);
  if (result?.prediction) showPrediction(result.prediction);
  else clearPrediction();
  if (result?.predictions) showSeveral(result.predictions);
  drawing.setBoxes(result?.predictions ?? []);
  if (!result) announce(translate("Cleared"));
  else if (result.message) announce("");
}

const client = new PredictionClient(show, (busy) =>
  find("result").setAttribute("aria-busy", busy),
);
const drawing = new DrawingArea(find("canvas"), () => {
  find("drawing-area").classList.toggle("used", !drawing.empty);
  if (drawing.empty) client.clear();
  else client.predict(() => drawing.toBlob());
});

function openFirst(files) {
  const file = [...(files ?? [])][0];
  if (file) drawing.setPicture(file);
}

find("clear").addEventListener("click", () => drawing.clear());
find("choose").addEventListener("click", () => find("file").click());
find("file").addEventListener("change", (event) => {
  openFirst(event.target.files);
  event.target.value = ""; // the same file may be chosen again
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") drawing.clear();
});
document.addEventListener("paste", (event) => openFirst(event.clipboardData?.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  find("drawing-area").classList.add("over");
});
document.addEventListener("dragleave", () => find("drawing-area").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  find("drawing-area").classList.remove("over");
  openFirst(event.dataTransfer?.files);
});
find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(find("token").value.trim());
  find("token-form").hidden = true;
  showModel();
  if (!drawing.empty) client.predict(() => drawing.toBlob());
});
find("copy").addEventListener("click", copyCommand);

translatePage();
show(null);
clearTimeout(announcementTimer);
showModel();
