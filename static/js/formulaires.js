// Un double clic n'envoie un formulaire qu'une fois. Sans ce fichier, le serveur reconnaît de toute façon le second envoi.

const REPOS_MS = 15000; // une connexion coupée n'emprisonne pas la personne : elle peut renvoyer ensuite

function boutons(formulaire) {
  return formulaire.querySelectorAll("button:not([type=button])");
}

function liberer(formulaire) {
  delete formulaire.dataset.envoye;
  boutons(formulaire).forEach((bouton) => bouton.removeAttribute("aria-disabled"));
}

document.addEventListener("submit", (evenement) => {
  const formulaire = evenement.target;
  // Un aperçu dans un cadre laisse la page et son formulaire là où ils sont.
  if (formulaire.method !== "post" || evenement.submitter?.formTarget) return;
  if ("envoye" in formulaire.dataset) {
    evenement.preventDefault();
    return;
  }
  formulaire.dataset.envoye = "";
  // aria-disabled et non disabled : le premier envoi emporte la valeur du bouton, et le focus ne se perd pas.
  boutons(formulaire).forEach((bouton) => bouton.setAttribute("aria-disabled", "true"));
  setTimeout(liberer, REPOS_MS, formulaire);
});

// Revenu par « Précédent », le formulaire peut servir à nouveau.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-envoye]").forEach(liberer));
