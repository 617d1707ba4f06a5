// Tant qu'un ouvrier travaille, la fiche se remplace d'elle-même. Sans ce fichier, la page se recharge toute seule.

const PERIODE_MS = 1500;

function remplacer(ancienne, neuve) {
  if (ancienne.innerHTML === neuve.innerHTML) return;
  const tenu = ancienne.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  ancienne.replaceChildren(...neuve.childNodes);
  // Le clavier reste où il était, si le lien y est encore.
  if (tenu !== null) ancienne.querySelector(`a[href="${CSS.escape(tenu)}"]`)?.focus();
}

function annoncer(fiche) {
  const titre = fiche.querySelector(".alerte-titre")?.textContent ?? "";
  const annonce = document.getElementById("annonce");
  if (annonce.textContent !== titre) annonce.textContent = titre;
}

async function suivre() {
  const fiche = document.getElementById("fiche");
  try {
    const reponse = await fetch(location.href, { credentials: "same-origin" });
    // Déconnecté, ou introuvable : la page entière dira pourquoi.
    if (!reponse.ok || reponse.redirected) return location.reload();
    const neuve = new DOMParser().parseFromString(await reponse.text(), "text/html").getElementById("fiche");
    remplacer(fiche, neuve);
    annoncer(fiche);
    if (!("vivante" in neuve.dataset)) {
      delete fiche.dataset.vivante;
      return;
    }
  } catch {
    // Réseau coupé : on redemandera.
  }
  setTimeout(suivre, PERIODE_MS);
}

setTimeout(suivre, PERIODE_MS);
