// Le total de ce qui est coché, en plus de celui que montre la page suivante. Sans ce fichier, il s'y lit de toute façon.

const formulaire = document.getElementById("ensemble");
const somme = formulaire.querySelector("output");
const euros = new Intl.NumberFormat("fr-FR", { style: "currency", currency: "EUR" });

function compter() {
  const cochees = [...formulaire.elements].filter((champ) => champ.checked);
  const centimes = cochees.reduce((total, champ) => total + Number(champ.dataset.centimes), 0);
  somme.parentElement.hidden = cochees.length === 0;
  somme.textContent = euros.format(centimes / 100);
}

document.addEventListener("change", compter);
// Revenu par « Précédent », le navigateur a gardé les coches.
window.addEventListener("pageshow", compter);
