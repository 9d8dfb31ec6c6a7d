// Wires the drawing area, the server's answers and the page together.

import { Pad } from "./pad.js";
import { Reader, get } from "./reader.js";

const MODEL_EVERY = 5000; // milliseconds
const find = (id) => document.getElementById(id);
let request = null; // the curl line, whole

const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const share = document.createElement("span");
  name.textContent = digit;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Probability of ${digit}`);
  share.className = "share";
  row.append(name, bar, share);
  find("bars").append(row);
  return { row, bar, share };
});

const percent = (share) => `${(share * 100).toFixed(1)}%`;

function showAnswer(answer) {
  const order = answer.probabilities.map((_, digit) => digit);
  order.sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
  find("prediction").textContent = answer.prediction;
  find("confidence").textContent = `${answer.confidence} sure`;
  find("second").textContent = `then ${order[1]}, ${percent(answer.probabilities[order[1]])}`;
  say(`${answer.prediction}, ${answer.confidence} sure`);
  bars.forEach(({ row, bar, share }, digit) => {
    bar.value = answer.probabilities[digit] < 0.005 ? 0 : answer.probabilities[digit];
    share.textContent = percent(answer.probabilities[digit]);
    row.classList.toggle("first", digit === answer.prediction);
  });
}

function showNothing() {
  find("prediction").textContent = "–";
  find("confidence").textContent = "Nothing to read yet";
  find("second").textContent = "\u00a0";
  for (const { row, bar, share } of bars) {
    bar.value = 0;
    share.textContent = "";
    row.classList.remove("first");
  }
}

function showSeen(image) {
  const context = find("seen").getContext("2d");
  const pixels = context.createImageData(28, 28);
  for (let place = 0; place < 784; place += 1) {
    const grey = Math.round((image?.[place] ?? 0) * 255);
    pixels.data.set([grey, grey, grey, 255], 4 * place);
  }
  context.putImageData(pixels, 0, 0);
  const what = image ? "your digit, white on black" : "empty";
  find("seen").setAttribute("aria-label", `The 28 by 28 image the network sees: ${what}`);
}

function showRequest(image) {
  const line = (numbers) =>
    `curl ${new URL("predict", location.href)} \\\n  -H 'Content-Type: application/json' \\\n` +
    `  -d '{"image":[${numbers}]}'`;
  request = image && line(image.join(","));
  find("copy").disabled = !image;
  find("curl").textContent = image ? line(shorten(image)) : "Draw a digit to see the curl line.";
  find("copied").textContent = image ? "Shortened here; Copy takes all 784 numbers." : "";
}

function shorten(image) {
  const ink = image.findIndex((level) => level > 0.5);
  const some = image.slice(ink, ink + 3).map((level) => Number(level.toFixed(2)));
  return `0,0,…,${some.join(",")},…,0`;
}

let speaking;
// A screen reader hears where the drawing came to rest, not each step towards it.
function say(words) {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    find("spoken").textContent = words;
  }, 600);
}

function show(said) {
  find("trouble").hidden = !said?.trouble;
  find("trouble").textContent = said?.trouble ?? "";
  document.body.classList.toggle("empty", !said?.answer);
  showSeen(said?.image);
  showRequest(said?.image);
  if (said?.answer) showAnswer(said.answer);
  else showNothing();
  if (!said) say("Cleared");
  else if (said.trouble) say("");
}

async function showModel() {
  let words;
  try {
    const { name, version, test_accuracy: accuracy, sha256 } = await get("model");
    words = [
      version ? `${name}, version ${version}` : name,
      accuracy ? `${(accuracy * 100).toFixed(2)}% of the test digits right` : null,
      sha256 ? `sha256 ${sha256.slice(0, 12)}…` : null,
    ];
  } catch {
    words = ["No model serves at the moment"];
  }
  const line = words.filter(Boolean).join(" · ");
  if (find("model").textContent !== line) find("model").textContent = line;
  setTimeout(showModel, MODEL_EVERY);
}

const reader = new Reader(show);
const pad = new Pad(find("canvas"), () => {
  find("pad").classList.toggle("used", !pad.empty);
  if (pad.empty) reader.forget();
  else reader.read(() => pad.blob());
});

function take(files) {
  const file = [...(files ?? [])][0];
  if (file) pad.give(file);
}

find("clear").addEventListener("click", () => pad.clear());
find("choose").addEventListener("click", () => find("file").click());
find("file").addEventListener("change", (event) => {
  take(event.target.files);
  event.target.value = ""; // the same file may be chosen again
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") pad.clear();
});
document.addEventListener("paste", (event) => take(event.clipboardData?.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  find("pad").classList.add("over");
});
document.addEventListener("dragleave", () => find("pad").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  find("pad").classList.remove("over");
  take(event.dataTransfer?.files);
});
find("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(request);
    find("copied").textContent = "Copied, with all 784 numbers.";
  } catch {
    find("curl").textContent = request; // no clipboard over plain HTTP from afar: select it
    getSelection().selectAllChildren(find("curl"));
    find("copied").textContent = "The whole line is selected: copy it with the keyboard.";
  }
});

show(null);
find("spoken").textContent = "";
clearTimeout(speaking);
showModel();
