"""Ce qu'un agent fait d'un lot lu : le publier, prévenir les habitants, revenir en arrière, y renoncer."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from factures.admin.actes_depot import LOT, dans, mener
from factures.admin.formulaires_lots import PublicationForm, preparer_la_publication
from factures.admin.lots import nombre
from factures.argent import depuis_centimes
from factures.etats import Avis, EtatLot, SortLigne
from factures.imports.apercu import TABLEAUX
from factures.models import LotImport
from factures.services import lots
from portail.gestion.registre import Acte, Texte, declarer_acte
from portail.templatetags import ui


def _apercu_de_publication(lot: LotImport, avis: str, le: datetime | None, **_saisie: Any) -> Texte:
    """En phrases, ce que le bouton suivant fera."""
    nouvelles, modifiees = lot.bilan[SortLigne.NOUVELLE], lot.bilan[SortLigne.MODIFIEE]
    total = ui.montant(depuis_centimes(nouvelles["centimes"]))
    phrases = [
        _("%(n)s factures nouvelles deviennent visibles (%(total)s).")
        % {"n": nombre(nouvelles["nombre"]), "total": total},
        _("%(n)s factures déjà publiées changent.") % {"n": nombre(modifiees["nombre"])},
        _("%(n)s redevables changent de nom ou d'adresse.") % {"n": nombre(lot.bilan["redevables_modifies"])},
        _("Un courriel part à chaque habitant concerné dont l'adresse est confirmée.")
        if avis == Avis.ENVOYES
        else _("Personne n'est prévenu par courriel."),
        _("Cela se fera le %(jour)s à %(heure)s.") % {"jour": ui.jour(le), "heure": f"{le:%H:%M}"}
        if le
        else _("Cela se fait tout de suite."),
    ]
    if lot.a_corriger:
        phrases.append(_("%(n)s lignes sont laissées de côté.") % {"n": nombre(lot.a_corriger)})
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((phrase,) for phrase in phrases)))


def _publier(lot: LotImport, le: datetime | None, **saisie: Any) -> Texte:
    phrase = _("La publication est prévue.") if le else _("La publication commence.")
    return mener(lots.demander_la_publication, phrase)(lot, le=le, **saisie)


declarer_acte(
    LOT,
    Acte(
        "publier",
        gettext_lazy("Publier"),
        gettext_lazy(
            "Toutes les factures du lot deviennent visibles au même instant, ou aucune. Vous pourrez défaire la "
            "publication tant qu'aucun habitant n'aura lu ni payé."
        ),
        _publier,
        formulaire=PublicationForm,
        preparer=preparer_la_publication,
        apercu=_apercu_de_publication,
        refus=dans(EtatLot.A_VERIFIER),
    ),
)


declarer_acte(
    LOT,
    Acte(
        "deprogrammer",
        gettext_lazy("Ne plus publier à cette date"),
        gettext_lazy("Le lot redevient « à vérifier » : vous pourrez le publier à une autre date, ou y renoncer."),
        mener(lots.deprogrammer, gettext_lazy("La publication n'est plus prévue.")),
        refus=dans(EtatLot.PROGRAMME),
    ),
)


def _qui_prevenir(lot: LotImport) -> Texte:
    """Combien de personnes n'ont pas encore été prévenues."""
    restantes = max(0, lots.a_prevenir(lot).count() - lot.prevenus)
    return format_html("<p>{}</p>", _("Personnes à prévenir : %(n)s.") % {"n": nombre(restantes)})


declarer_acte(
    LOT,
    Acte(
        "avertir",
        gettext_lazy("Prévenir les habitants"),
        gettext_lazy(
            "Un courriel « une facture est disponible » part, par vagues, à chaque habitant dont l'adresse est "
            "confirmée. Celui qui l'a déjà reçu pour ce lot ne le reçoit pas de nouveau."
        ),
        mener(lots.lacher_les_avis, gettext_lazy("Les courriels partent.")),
        rappel=_qui_prevenir,
        refus=dans(EtatLot.PUBLIE),
    ),
)


def _refus_de_revoir(lot: LotImport) -> Texte:
    if lot.format not in TABLEAUX:
        return _("Ce format n'a pas de colonnes à relier.")
    return dans(EtatLot.A_VERIFIER)(lot)


declarer_acte(
    LOT,
    Acte(
        "colonnes",
        gettext_lazy("Revoir les colonnes"),
        gettext_lazy("Le fichier est relu depuis le début, et vous direz de nouveau ce qu'est chaque colonne."),
        mener(lots.revoir_les_colonnes, gettext_lazy("Le fichier se relit.")),
        refus=_refus_de_revoir,
    ),
)
declarer_acte(
    LOT,
    Acte(
        "relancer",
        gettext_lazy("Analyser de nouveau"),
        gettext_lazy(
            "Ce que le fichier dit est de nouveau comparé à ce qui est publié aujourd'hui. Si le travail semble "
            "arrêté, il reprend où il en était."
        ),
        mener(lots.relancer, gettext_lazy("C'est reparti.")),
        refus=dans(EtatLot.DEPOSE, EtatLot.EN_ANALYSE, EtatLot.A_VERIFIER, EtatLot.EN_PUBLICATION),
    ),
)
declarer_acte(
    LOT,
    Acte(
        "annuler",
        gettext_lazy("Annuler la publication"),
        gettext_lazy(
            "Les factures de ce lot disparaissent et celles qu'il avait modifiées retrouvent leurs valeurs. C'est "
            "possible tant qu'aucun habitant n'en a lu, marqué ni payé une seule."
        ),
        mener(lots.annuler_publication, gettext_lazy("La publication est annulée : il n'en reste rien.")),
        refus=dans(EtatLot.PUBLIE),
        danger=True,
    ),
)
declarer_acte(
    LOT,
    Acte(
        "renoncer",
        gettext_lazy("Renoncer à ce lot"),
        gettext_lazy(
            "Rien n'en sera publié et ses lignes sont effacées. Le même fichier pourra être déposé de nouveau."
        ),
        mener(lots.renoncer, gettext_lazy("Le lot est abandonné.")),
        refus=dans(
            *(EtatLot.DEPOSE, EtatLot.A_RELIER, EtatLot.EN_ANALYSE, EtatLot.A_VERIFIER, EtatLot.PROGRAMME),
            EtatLot.EN_PUBLICATION,
        ),
        danger=True,
    ),
)
