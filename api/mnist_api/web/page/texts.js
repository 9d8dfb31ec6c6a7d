// The page's texts in the browser's language, English or French.

const FRENCH = {
  // index.html
  "Draw a digit": "Dessinez un chiffre",
  "Draw a digit and see the network's prediction.":
    "Dessinez un chiffre et voyez la prédiction du réseau.",
  "The network classifies it while you draw.": "Le réseau le classe pendant que vous dessinez.",
  "Your digit": "Votre chiffre",
  "Drawing area. Arrow keys move the pen, Space puts it down or lifts it, Escape clears.":
    "Zone de dessin. Les flèches déplacent le stylo, Espace le pose ou le lève, Échap efface.",
  "Draw here, large.": "Dessinez ici, en grand.",
  "Or drop a picture.": "Ou déposez une image.",
  "Clear": "Effacer",
  "Choose a picture…": "Choisir une image…",
  "move the pen,": "déplacent le stylo,",
  "Shift": "Maj",
  "faster ·": "plus vite ·",
  "Space": "Espace",
  "pen down or up ·": "pose ou lève le stylo ·",
  "Esc": "Échap",
  "clears · a picture can be pasted": "efface · une image peut être collée",
  "The network's prediction": "La prédiction du réseau",
  "This does not look like a digit.": "Cela ne ressemble pas à un chiffre.",
  "Its input, 28 × 28": "Son entrée, 28 × 28",
  "This API needs a token": "Cette API demande un jeton",
  "A token is 16 to 256 ASCII characters without spaces. If it looks right, an invisible or a replaced character came with it: copy it again.":
    "Un jeton a de 16 à 256 caractères ASCII, sans espace. S’il paraît juste, un caractère invisible ou remplacé est venu avec lui : copiez-le de nouveau.",
  "Use it": "L’utiliser",
  "How the picture was read": "Comment l’image a été lue",
  "Probability of each digit": "Probabilité de chaque chiffre",
  "The same request": "La même requête",
  "Copy": "Copier",
  "curl command, shortened": "commande curl, abrégée",
  "Loading the model's description…": "Chargement de la description du modèle…",

  // page.js
  "Probability of {digit}": "Probabilité de {digit}",
  "{confidence} sure": "sûr à {confidence}",
  "then {digit}, {probability}": "puis {digit}, {probability}",
  "digits: {digits}": "chiffres : {digits}",
  "Contrast with the background": "Contraste avec le fond",
  "What was found": "Ce qui a été trouvé",
  "28 × 28 pixels of it": "28 × 28 pixels de cela",
  "Nothing to read yet": "Rien à lire pour l’instant",
  "Cleared": "Effacé",
  "The network's input, 28 by 28 pixels: your digit, white on black":
    "L’entrée du réseau, 28 pixels sur 28 : votre chiffre, blanc sur noir",
  "The network's input, 28 by 28 pixels: empty": "L’entrée du réseau, 28 pixels sur 28 : vide",

  // curl_command.js
  "Draw a digit to see the curl command.": "Dessinez un chiffre pour voir la commande curl.",
  "Shortened here; Copy takes all 784 numbers.":
    "Abrégée ici ; Copier prend les 784 nombres.",
  "Copied, with all 784 numbers.": "Copiée, avec les 784 nombres.",
  "The whole command is selected: copy it with the keyboard.":
    "Toute la commande est sélectionnée : copiez-la au clavier.",

  // status.js
  "{name}, version {version}": "{name}, version {version}",
  "{accuracy} of the test digits right": "{accuracy} des chiffres de test reconnus",
  "No model is active": "Aucun modèle n’est actif",
  "Drift: the last {images} images differ from the validation images: {names}":
    "Dérive : les {images} dernières images diffèrent des images de validation : {names}",
  "Drift: not enough images yet": "Dérive : pas encore assez d’images",
  "No drift in the last {images} images": "Pas de dérive dans les {images} dernières images",
  "ink": "encre",
  "horizontal position": "position horizontale",
  "vertical position": "position verticale",
  "width": "largeur",
  "height": "hauteur",
  "slant": "inclinaison",
  "confidence of the network": "confiance du réseau",
  "likeness to digits": "ressemblance à des chiffres",
  "shares of the digits": "proportions des chiffres",

  // prediction_client.js
  "The server responded with status {status}.": "Le serveur a répondu par le statut {status}.",
  "The server can't be reached. Is it running? Draw again to retry.":
    "Le serveur est injoignable. Fonctionne-t-il ? Dessinez de nouveau pour réessayer.",
};

export const language = navigator.language.split("-")[0] === "fr" ? "fr" : "en";

// Returns ``english`` in the browser's language; each {name} in it is replaced by values.name.
export function translate(english, values = {}) {
  const text = language === "fr" ? (FRENCH[english] ?? english) : english;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function formatPercent(share, digits) {
  const settings = { style: "percent", minimumFractionDigits: digits };
  return share.toLocaleString(language, { ...settings, maximumFractionDigits: digits });
}

// Translates the texts and the labels in index.html.
export function translatePage() {
  document.documentElement.lang = language;
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const english = walker.currentNode.data.trim().replace(/\s+/g, " ");
    if (FRENCH[english]) {
      walker.currentNode.data = walker.currentNode.data.replace(/\S(.*\S)?/s, translate(english));
    }
  }
  for (const attribute of ["aria-label", "content", "title"]) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      element.setAttribute(attribute, translate(element.getAttribute(attribute)));
    }
  }
}
