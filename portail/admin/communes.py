"""Ce que l'administrateur règle de sa commune, et l'exploitant de chacune."""

from typing import Any

from django.db.models import Model
from django.forms import model_to_dict
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from portail import services
from portail.admin import formulaires
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fait,
    Tableau,
    Texte,
    declarer_acte,
    declarer_acte_de_liste,
    declarer_tableau,
)
from portail.models import Collectivite
from portail.services import Adresse

REGLAGES = "reglages"
ENREGISTRE = _("C'est enregistré.")
RIEN = _("Rien n'a changé : c'était déjà ainsi.")


def _champs(formulaire: Any) -> Any:
    return lambda objet: model_to_dict(objet, formulaire.base_fields)


def _dire(change: bool) -> Texte:
    return ENREGISTRE if change else RIEN


def _identite(collectivite: Collectivite, **champs: str) -> Texte:
    return _dire(services.modifier_l_identite(collectivite=collectivite, **champs))


def _couleur(collectivite: Collectivite, **champs: str) -> Texte:
    return _dire(services.changer_de_couleur(collectivite=collectivite, **champs))


def _apercu_de_la_couleur(collectivite: Collectivite, couleur: str, **_lu: str) -> Texte:
    return render_to_string("gestion/_apercu_couleur.html", {"couleur": couleur, "collectivite": collectivite})


def _logo(collectivite: Collectivite, logo: bytes, lu: str) -> Texte:
    services.changer_de_logo(collectivite=collectivite, png=logo, lu=lu)
    return _("Le logo est enregistré. Vous le voyez en haut de cette page.")


def _retirer_le_logo(collectivite: Collectivite, lu: str) -> Texte:
    services.retirer_le_logo(collectivite=collectivite, lu=lu)
    return _("Le logo est retiré.")


def _accessibilite(collectivite: Collectivite, **audit: Any) -> Texte:
    return _dire(services.declarer_l_accessibilite(collectivite=collectivite, **audit))


def _apercu_de_l_accessibilite(collectivite: Collectivite, **audit: Any) -> Texte:
    champs = {champ.attname: getattr(collectivite, champ.attname) for champ in collectivite._meta.concrete_fields}
    apres = Collectivite(**champs | {nom: valeur for nom, valeur in audit.items() if nom in champs})
    return render_to_string("gestion/_apercu_accessibilite.html", {"collectivite": apres})


def _manques(collectivite: Collectivite) -> Texte:
    if collectivite.est_ouverte:
        return _("Le portail est déjà ouvert.")
    manques = services.manquantes(collectivite)
    if not manques:
        return ""
    liens = format_html_join("", '<li><a href="{}">{}</a></li>', ((m.ou(collectivite), m.libelle) for m in manques))
    return format_html("{}<ul>{}</ul>", _("Avant d'ouvrir, il manque :"), liens)


def _ouvrir(collectivite: Collectivite) -> Texte:
    if not services.ouvrir_le_portail(collectivite=collectivite):
        raise ActeImpossible(_("Le portail n'a pas été ouvert : rechargez la page pour voir pourquoi."))
    return _("Le portail est ouvert : les habitants peuvent se connecter et activer leur compte.")


def _creer(_ici: Collectivite, ou: Adresse, **champs: str) -> Fait:
    commune = services.creer_une_commune(ou=ou, **champs)
    return Fait(_("La commune est créée, en préparation. Nommez maintenant son administrateur."), commune)


def _adresse(collectivite: Collectivite, ou: Adresse, lu: str) -> Texte:
    return _dire(services.changer_d_adresse(collectivite=collectivite, vers=ou, lu=lu))


def _adresse_actuelle(collectivite: Collectivite) -> dict[str, Any]:
    actuelle = Adresse.de(collectivite)
    return {
        "lien": actuelle.lien,
        "adresse": actuelle.adresse,
        "hotes": "\n".join(actuelle.hotes),
        "par_defaut": actuelle.par_defaut,
    }


def _version_du_logo(collectivite: Collectivite) -> dict[str, str]:
    return {"version": collectivite.logo.name or ""}


ACTES = (
    Acte(
        "identite",
        _("Modifier l'identité et le contact"),
        _("Le téléphone et les horaires sont sur toutes les pages, le reste dans les mentions légales et la notice."),
        _identite,
        formulaire=formulaires.IdentiteForm,
        initial=_champs(formulaires.IdentiteForm),
        preparer=formulaires.exiger_les_mentions,
        surveille=True,
        page=REGLAGES,
    ),
    Acte(
        "couleur",
        _("Changer la couleur"),
        _("C'est celle des boutons, des liens et du bandeau, sur le site et sur les documents."),
        _couleur,
        formulaire=formulaires.CouleurForm,
        initial=_champs(formulaires.CouleurForm),
        apercu=_apercu_de_la_couleur,
        surveille=True,
        page=REGLAGES,
    ),
    Acte(
        "logo",
        _("Changer le logo"),
        _("Il est en haut de chaque page et de chaque document."),
        _logo,
        formulaire=formulaires.LogoForm,
        initial=_version_du_logo,
        surveille=True,
        page=REGLAGES,
    ),
    Acte(
        "retirer_le_logo",
        _("Retirer le logo"),
        _("Un pictogramme de mairie prendra sa place."),
        _retirer_le_logo,
        initial=_version_du_logo,
        refus=lambda collectivite: "" if collectivite.logo else _("La commune n'a pas de logo."),
        surveille=True,
        page=REGLAGES,
        danger=True,
    ),
    Acte(
        "accessibilite",
        _("Déclarer un audit d'accessibilité"),
        _("« Totalement », « partiellement » ou « non conforme » se déduit de l'audit, et vaut trois ans au plus."),
        _accessibilite,
        formulaire=formulaires.AccessibiliteForm,
        initial=_champs(formulaires.AccessibiliteForm),
        preparer=formulaires.refuser_un_audit_a_venir,
        apercu=_apercu_de_l_accessibilite,
        surveille=True,
        page=REGLAGES,
    ),
    Acte(
        "ouvrir",
        _("Ouvrir le portail"),
        _("Les habitants pourront se connecter et activer leur compte. C'est définitif : un portail ouvert le reste."),
        _ouvrir,
        refus=_manques,
        page=REGLAGES,
    ),
    Acte(
        "adresse",
        _("Adresse et noms d'hôte"),
        _("Les liens déjà envoyés mènent à l'ancienne adresse : gardez-la parmi les noms d'hôte tant qu'ils servent."),
        _adresse,
        formulaire=formulaires.AdresseForm,
        initial=_adresse_actuelle,
        surveille=True,
    ),
)
for acte in ACTES:
    declarer_acte("portail.collectivite", acte)
declarer_acte_de_liste(
    "portail.collectivite",
    Acte(
        "creer",
        _("Créer une commune"),
        _("Elle naît en préparation : ses habitants n'y entrent pas tant que son administrateur ne l'a pas ouverte."),
        _creer,
        formulaire=formulaires.CommuneForm,
    ),
)


def _hotes(collectivite: Model) -> Tableau:
    hotes = collectivite.hotes.all()  # type: ignore[attr-defined]  # une Collectivite
    return Tableau(_("Noms d'hôte réservés"), (_("Nom"),), [(hote.nom,) for hote in hotes])


declarer_tableau("portail.collectivite", _hotes)
