// The request of the drawing as a curl command: shown shortened, and copied whole.

import { hasToken } from "./prediction_client.js";
import { translate } from "./texts.js";

const find = (id) => document.getElementById(id);
let wholeCommand = null; // with all pixels

export function showCommand(image) {
  const token = hasToken() ? '  -H "Authorization: Bearer $TOKEN" \\\n' : "";
  const command = (numbers) =>
    `curl ${new URL("predict", location.href)} \\\n  -H 'Content-Type: application/json' \\\n` +
    `${token}  -d '{"image":[${numbers}]}'`;
  wholeCommand = image && command(image.join(","));
  find("copy").disabled = !image;
  find("curl").textContent = image
    ? command(shorten(image))
    : translate("Draw a digit to see the curl command.");
  find("copied").textContent = image ? translate("Shortened here; Copy takes all 784 numbers.") : "";
}

function shorten(image) {
  const start = image.findIndex((pixel) => pixel > 0.5);
  const excerpt = image.slice(start, start + 3).map((pixel) => Number(pixel.toFixed(2)));
  return `0,0,…,${excerpt.join(",")},…,0`;
}

export async function copyCommand() {
  try {
    await navigator.clipboard.writeText(wholeCommand);
    find("copied").textContent = translate("Copied, with all 784 numbers.");
  } catch {
    find("curl").textContent = wholeCommand; // plain HTTP from another host has no clipboard
    getSelection().selectAllChildren(find("curl"));
    find("copied").textContent = translate(
      "The whole command is selected: copy it with the keyboard.",
    );
  }
}
