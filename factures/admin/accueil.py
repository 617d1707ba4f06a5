"""Les factures sur l'accueil de la gestion : ce qu'on en a fait, l'argent reçu, et qui a un compte."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from factures.argent import en_centimes
from factures.models import BilanJour, BilanService
from portail.etats import EtatSuspension
from portail.gestion.graphiques import Barre, Barres, Courbe, Periode, decouper
from portail.gestion.perimetre import Perimetre
from portail.gestion.registre import Carte, Chiffre, Contenu, Graphique, Tableau, declarer_carte
from portail.montants import en_euros

# Au-delà, le travail de fond ne tourne plus : ces chiffres ne sont plus ceux du moment.
PERIMES = timedelta(hours=1)
SORTS: dict[str, Promise] = {
    "payees_en_ligne": _("Payées en ligne"),
    "payees_ailleurs": _("Payées ailleurs"),
    "dans_les_delais": _("À régler, dans les délais"),
    "en_retard": _("En retard"),
}
SOMMES: dict[str, Any] = {
    **dict.fromkeys(("publiees", "lues", *SORTS, "trop_percus"), 0),
    **dict.fromkeys(("montant", "reste_du", "du_en_retard"), Decimal(0)),
}
RECUS: dict[str, Promise] = {"recu_en_ligne": _("En ligne"), "recu_ailleurs": _("Ailleurs")}


def taux(partie: int, tout: int) -> str:
    """« 42 % » ; rien s'il n'y a pas de quoi."""
    return f"{100 * partie // tout}\N{NO-BREAK SPACE}%" if tout else ""


def _factures(perimetre: Perimetre) -> Contenu:
    """Ce que sont devenues les factures publiées ces jours-là."""
    services = _bilans(perimetre).par_service()
    tous = {nom: sum((service[nom] for service in services), zero) for nom, zero in SOMMES.items()}
    liste = reverse("gestion:factures_facture_changelist")

    def suivi(libelle: Any, nom: str, *, alerte: bool = False) -> Chiffre:
        adresse, nombre = perimetre.adresse(liste, suivi=nom), tous[nom]
        part = "" if nom in {"publiees", "trop_percus"} else taux(nombre, tous["publiees"])
        return Chiffre(libelle, nombre, adresse, alerte=alerte and bool(nombre), precision=part)

    payees = tous["payees_en_ligne"] + tous["payees_ailleurs"]
    chiffres = [
        suivi(_("Publiées"), "publiees"),
        suivi(_("Lues"), "lues"),
        *(suivi(libelle, nom, alerte=nom == "en_retard") for nom, libelle in SORTS.items()),
        Chiffre(_("Taux de paiement en ligne"), taux(tous["payees_en_ligne"], payees)),
        Chiffre(_("Montant publié"), tous["montant"]),
        Chiffre(_("Reste dû"), tous["reste_du"]),
        Chiffre(_("Dont en retard"), tous["du_en_retard"], alerte=bool(tous["du_en_retard"])),
        _suspendues(perimetre, liste, services),
        suivi(_("Argent à rendre"), "trop_percus", alerte=True),
    ]
    return Contenu(chiffres, [_par_service(services)] if tous["publiees"] else [], _fraicheur(perimetre))


def _bilans(perimetre: Perimetre) -> Any:
    return BilanJour.objects.de(perimetre.collectivite, du=perimetre.du, au=perimetre.au, regie=perimetre.regie)


def _suspendues(perimetre: Perimetre, liste: str, services: Iterable[Mapping[str, Any]]) -> Chiffre:
    """Ce que les habitants ne peuvent pas payer, pour l'instant."""
    suspendus = {regie.pk for regie in perimetre.regies if regie.suspension == EtatSuspension.EN_COURS}
    fermes = (service for service in services if service["regie_id"] in suspendus)
    nombre = sum(service["dans_les_delais"] + service["en_retard"] for service in fermes)
    return Chiffre(_("De services suspendus"), nombre, perimetre.adresse(liste, suivi="suspendue"))


def _par_service(services: Iterable[Mapping[str, Any]]) -> Graphique:
    """Une barre par service, coupée selon ce que sont devenues ses factures."""
    publiants = [service for service in services if service["publiees"]]
    barres = tuple(_barre(service) for service in publiants)
    noms = ("publiees", "lues", *SORTS, "montant", "reste_du")
    titres = (_("Service"), _("Publiées"), _("Lues"), *SORTS.values(), _("Montant publié"), _("Reste dû"))
    lignes = [(s["regie__libelle"], *(s[nom] for nom in noms)) for s in publiants]
    legende = tuple((nom.replace("_", "-"), str(libelle)) for nom, libelle in SORTS.items())
    titre = _("Ce que sont devenues les factures, par service")
    return Graphique(titre, Barres(legende, barres), Tableau(titre, titres, lignes))


def _barre(service: Mapping[str, Any]) -> Barre:
    parts = tuple((nom.replace("_", "-"), service[nom]) for nom in SORTS)
    dites = ", ".join(f"{str(libelle).lower()} {service[nom]}" for nom, libelle in SORTS.items())
    mots = {"nombre": service["publiees"], "parts": dites}
    return Barre(service["regie__libelle"], parts, gettext("%(nombre)s factures publiées : %(parts)s.") % mots)


def _encaissements(perimetre: Perimetre) -> Contenu:
    """L'argent reçu ces jours-là, quel que soit celui de la facture, moins ce qui a été rejeté ou rendu."""
    jours = _bilans(perimetre).recus()
    en_ligne, ailleurs = (sum((jour[nom] for jour in jours), Decimal(0)) for nom in RECUS)
    liste = reverse("gestion:factures_reglement_changelist")
    chiffres = [
        Chiffre(_("Reçu en ligne"), en_ligne, precision=taux(en_centimes(en_ligne), en_centimes(en_ligne + ailleurs))),
        Chiffre(_("Reçu ailleurs"), ailleurs),
        Chiffre(_("En tout"), en_ligne + ailleurs, perimetre.adresse(liste, regie="facture__regie")),
    ]
    return Contenu(chiffres, [_dans_le_temps(perimetre, jours)] if jours else [])


def _dans_le_temps(perimetre: Perimetre, jours: Sequence[Mapping[str, Any]]) -> Graphique:
    """Une ligne pour ce qui est venu en ligne, une pour le reste ; commence au premier jour où il y a quelque chose."""
    periodes = decouper(jours[0]["jour"], perimetre.au)
    recus = [_recus(periode, jours) for periode in periodes]
    series = {nom.replace("_", "-"): [en_centimes(recu[rang]) for recu in recus] for rang, nom in enumerate(RECUS)}
    legende = tuple((nom.replace("_", "-"), str(libelle)) for nom, libelle in RECUS.items())
    plus = max(sum(recu, Decimal(0)) for recu in recus)
    mots = {"du": periodes[0].libelle, "au": periodes[-1].libelle, "plus": en_euros(plus)}
    description = gettext("Du %(du)s au %(au)s ; la meilleure période a reçu %(plus)s.") % mots
    repere = en_euros(max(Decimal(0), *(valeur for recu in recus for valeur in recu)))
    courbe = Courbe(legende, tuple(p.libelle for p in periodes), series, description, repere)
    lignes = [(p.libelle, *recu, sum(recu, Decimal(0))) for p, recu in zip(periodes, recus, strict=True)]
    titre = _("L'argent reçu, dans le temps")
    return Graphique(titre, courbe, Tableau(titre, (_("Période"), *RECUS.values(), _("En tout")), lignes))


def _recus(periode: Periode, jours: Iterable[Mapping[str, Any]]) -> tuple[Decimal, ...]:
    dedans = [jour for jour in jours if periode.du <= jour["jour"] <= periode.au]
    return tuple(sum((jour[nom] for jour in dedans), Decimal(0)) for nom in RECUS)


def _redevables(perimetre: Perimetre) -> Contenu:
    """Qui a un compte, et qui reçoit du papier : aujourd'hui, quelles que soient les dates."""
    bilan = _bilan_des_redevables(perimetre) or BilanService()
    liste = reverse("gestion:comptes_redevable_changelist")

    def part(libelle: Any, nombre: int, filtre: str) -> Chiffre:
        lien = "" if perimetre.regie else f"{liste}?{filtre}"
        return Chiffre(libelle, nombre, lien, precision=taux(nombre, bilan.redevables))

    return Contenu([
        part(_("Avec un compte"), bilan.avec_compte, "compte=avec"),
        part(_("Sans compte"), bilan.redevables - bilan.avec_compte, "compte=sans"),
        part(_("Au format électronique"), bilan.electronique, "mode_envoi__exact=electronique"),
        part(_("Au format papier"), bilan.redevables - bilan.electronique, "mode_envoi__exact=papier"),
    ])  # fmt: skip


def _bilan_des_redevables(perimetre: Perimetre) -> BilanService | None:
    return BilanService.objects.filter(collectivite=perimetre.collectivite, regie=perimetre.regie).first()


def _fraicheur(perimetre: Perimetre) -> str:
    """« À jour à 21:05. », ou ce qui ne va pas."""
    bilan = BilanService.objects.filter(collectivite=perimetre.collectivite, regie=None).first()
    if bilan is None:
        return gettext("Ces chiffres seront comptés dans quelques minutes.")
    heure = timezone.localtime(bilan.compte_le)
    if timezone.now() - bilan.compte_le > PERIMES:
        quand = date_format(heure, "j F Y à H:i")
        return gettext("Chiffres du %(quand)s : le travail de fond ne les tient plus à jour.") % {"quand": quand}
    return gettext("À jour à %(heure)s.") % {"heure": date_format(heure, "H:i")}


declarer_carte(Carte(_("Factures"), "factures.facture", _factures, par_periode=True))
declarer_carte(Carte(_("Encaissements"), "factures.reglement", _encaissements, par_periode=True))
declarer_carte(Carte(_("Redevables"), "comptes.redevable", _redevables, par_periode=True, rang=2))
