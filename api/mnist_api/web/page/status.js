// What the API says of itself: its model, drift, and that it needs a token.

import { get } from "./prediction_client.js";
import { formatPercent, translate } from "./texts.js";

const MODEL_INTERVAL = 5000; // milliseconds between two requests of the model's description
const find = (id) => document.getElementById(id);
const FEATURES = {
  ink: "ink",
  center_x: "horizontal position",
  center_y: "vertical position",
  width: "width",
  height: "height",
  slant: "slant",
  confidence: "confidence of the network",
  digit_score: "likeness to digits",
  digit: "shares of the digits",
};

let modelTimer;
// Shows the model's name and accuracy, and drift, again and again.
export async function showModel() {
  let parts;
  try {
    const { name, version, test_accuracy: accuracy, sha256 } = await get("model");
    parts = [
      version ? translate("{name}, version {version}", { name, version }) : name,
      accuracy
        ? translate("{accuracy} of the test digits right", { accuracy: formatPercent(+accuracy, 2) })
        : null,
      sha256 ? `sha256 ${sha256.slice(0, 12)}…` : null,
    ];
  } catch (error) {
    if (error.status === 401) showTokenForm();
    parts = [error.status === 401 ? null : translate("No model is active")];
  }
  setText("model", parts.filter(Boolean).join(" · "));
  await showDrift();
  clearTimeout(modelTimer);
  modelTimer = setTimeout(showModel, MODEL_INTERVAL);
}

// Shows whether the latest images differ from the validation images, if they can be compared.
async function showDrift() {
  const { available, images, detected, features } = await get("drift").catch(() => ({}));
  const drifted = Object.keys(FEATURES).filter((name) => features?.[name]?.drifted);
  find("drift").hidden = !available;
  find("drift").classList.toggle("drifted", Boolean(detected));
  if (!available) return;
  const names = drifted.map((name) => translate(FEATURES[name])).join(", ");
  let text = translate("Drift: not enough images yet");
  if (detected === false) text = translate("No drift in the last {images} images", { images });
  if (detected) {
    text = translate("Drift: the last {images} images differ from the validation images: {names}", {
      images,
      names,
    });
  }
  setText("drift", text);
}

export function showTokenForm() {
  find("token-form").hidden = false;
}

function setText(id, text) {
  if (find(id).textContent !== text) find(id).textContent = text;
}
