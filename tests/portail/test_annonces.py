"""Une annonce : du texte brut, qui paraît et disparaît à l'heure, qu'on modifie ou retire une seule fois."""

import threading
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import factories
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portail import services
from portail.etats import EtatAnnonce
from portail.models import Annonce, Journal, LectureDAnnonce, annonces_en_ligne, dans_l_etat
from portail.services import annonces
from portail.tasks import faire_le_menage
from portail.templatetags.annonces import bandeau, en_paragraphes
from tests.paiement_tipi.outils_courses import avant, ensemble

HEURE = timedelta(hours=1)


class Lecteur(HTMLParser):
    """Les balises d'un fragment, et leurs attributs."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.balises: list[tuple[str, dict[str, str]]] = []
        self.feed(fragment)
        self.close()

    def handle_starttag(self, balise, attributs):
        self.balises.append((balise, dict(attributs)))


PIECES = (
    "<script>", "<a href='javascript:x'>", "https://boe.fr/?a=1&b=2", "http://", "javascript:alert(1)", '"', "'", "<",
    ">", "&", "\n", "\n\n", " ", "www.boe.fr", "a@boe.fr", "onclick=", "data:text/html,x", "(", ").", "é",
)  # fmt: skip
TEXTES = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@given(TEXTES)
def test_un_texte_ne_donne_jamais_que_des_paragraphes_des_lignes_et_des_liens_surs(texte):
    for balise, attributs in Lecteur(en_paragraphes(texte)).balises:
        assert balise in {"p", "br", "a"}
        assert set(attributs) <= ({"href", "rel"} if balise == "a" else set())
        assert balise != "a" or attributs["href"].startswith(("http://", "https://", "mailto:"))


def test_les_adresses_deviennent_des_liens_et_les_lignes_des_paragraphes():
    texte = "Voir https://boe.fr/eau?a=1&b=2.\nOu écrivez.\n\n<b>javascript:alert(1)</b>"
    assert en_paragraphes(texte) == (
        '<p>Voir <a href="https://boe.fr/eau?a=1&amp;b=2" rel="nofollow">https://boe.fr/eau?a=1&amp;b=2</a>.<br>'
        "Ou écrivez.</p>\n\n"
        "<p>&lt;b&gt;javascript:alert(1)&lt;/b&gt;</p>"
    )


def test_un_titre_est_echappe_et_sans_annonce_il_n_y_a_pas_de_bandeau():
    rendu = bandeau([Annonce(titre="<script>x</script>", texte="Bonjour")])
    assert ("<script>" in rendu, "&lt;script&gt;" in rendu, bandeau([])) == (False, True, "")


def quand(n: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + n * HEURE


@pytest.mark.sqlite
def test_l_etat_de_la_base_est_celui_du_modele_a_chaque_instant(boe):
    cas = [(0, 2, False), (2, 3, False), (-2, 0, False), (-2, -1, False), (-1, 1, False), (-1, 1, True), (1, 2, True)]
    for debut, fin, retiree in cas:
        factories.annonce(boe, debut=quand(debut), fin=quand(fin), retiree_le=quand(-3) if retiree else None)
    for instant in map(quand, range(-3, 4)):
        lues = {e: set(Annonce.objects.filter(dans_l_etat(e, instant))) for e in EtatAnnonce}
        assert lues == {e: {a for a in Annonce.objects.all() if a.etat_a(instant) == e} for e in EtatAnnonce}


@pytest.mark.sqlite
def test_elle_parait_et_disparait_a_l_heure_sans_que_rien_ne_soit_relu(boe, agente, django_assert_num_queries):
    debut, fin = timezone.now() + HEURE, timezone.now() + 2 * HEURE
    contenu = {"titre": "Travaux", "texte": "Lundi", "importante": False, "regie": None}
    annonce = services.annoncer(collectivite=boe, auteur=agente, debut=debut, fin=fin, **contenu)
    boe.refresh_from_db()
    instants = (debut - HEURE / 2, debut, fin - HEURE / 2, fin)
    annonces_en_ligne(boe, debut)
    with django_assert_num_queries(0):
        assert [annonces_en_ligne(boe, instant) == [annonce] for instant in instants] == [False, True, True, False]
    services.modifier_annonce(annonce=annonce, a_relire=False, debut=debut, fin=fin, **contenu | {"titre": "Demain"})
    boe.refresh_from_db()
    assert [a.titre for a in annonces_en_ligne(boe, debut)] == ["Demain"]
    assert services.retirer_annonce(annonce=annonce) is True
    boe.refresh_from_db()
    assert annonces_en_ligne(boe, debut) == []
    assert services.retirer_annonce(annonce=annonce) is False
    assert services.modifier_annonce(annonce=annonce, a_relire=True, debut=debut, fin=fin, **contenu) is False
    faits = Journal.objects.filter(objet="portail.annonce", identifiant=str(annonce.pk)).order_by("pk")
    assert [f.action for f in faits] == ["annonce.creee", "annonce.modifiee", "annonce.retiree"]
    assert "Lundi" not in str([(f.avant, f.apres) for f in faits])


@pytest.mark.sqlite
def test_un_an_apres_la_fin_d_une_annonce_on_ne_sait_plus_qui_l_a_lue_et_la_notice_le_dit(boe, ada, client):
    maintenant, jour = timezone.now(), timedelta(days=1)
    finies = {
        "récente": {"fin": maintenant - 364 * jour},
        "ancienne": {"fin": maintenant - 366 * jour},
        "retirée": {"retiree_le": maintenant - 366 * jour},
        "en ligne": {},
    }
    lues = [factories.annonce(boe, titre=titre, importante=True, **champs) for titre, champs in finies.items()]
    services.lire_les_annonces(annonces=lues, usager=ada)
    faire_le_menage.call()
    restantes = LectureDAnnonce.objects.order_by("pk").values_list("annonce__titre", flat=True)
    assert list(restantes) == ["récente", "en ligne"]
    assert [annonce.lectures_effacees for annonce in lues] == [False, True, True, False]
    notice = " ".join(client.get("/donnees-personnelles/", HTTP_HOST="localhost").content.decode().split())
    duree = "<dd> 1 an après que la commune a cessé de les montrer </dd>"
    assert f"Quelles informations importantes vous avez lues, et quand</dt> {duree}" in notice
    assert "les informations importantes que vous avez lues à votre arrivée" in notice


@pytest.mark.sqlite
def test_lire_deux_fois_revient_a_lire_une_fois(boe, ada):
    annonce = factories.annonce(boe, importante=True)
    for _ in range(2):
        services.lire_les_annonces(annonces=[annonce], usager=ada)
    assert LectureDAnnonce.objects.values_list("annonce", "usager", "collectivite", "revision").get() == (
        annonce.pk, ada.pk, boe.pk, 1,
    )  # fmt: skip


def modifier_et_retirer(monkeypatch):
    """La modification a lu l'annonce et va l'écrire quand un autre agent la retire."""
    annonce = factories.annonce(factories.collectivite(par_defaut=True))
    contenu = {"titre": "Neuf", "texte": "x", "importante": False, "regie": None, "debut": None, "fin": annonce.fin}
    lue, ecrite = threading.Event(), threading.Event()

    def attendre_le_retrait() -> None:
        lue.set()
        ecrite.wait(0.5)

    def retirer() -> bool:
        lue.wait(10)
        retiree = services.retirer_annonce(annonce=annonce)
        ecrite.set()
        return retiree

    avant(monkeypatch, annonces, "_ecrire", attendre_le_retrait)
    faits = ensemble(lambda: services.modifier_annonce(annonce=annonce, a_relire=False, **contenu), retirer)
    annonce.refresh_from_db()
    return faits, annonce.etat


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_une_annonce_retiree_pendant_qu_on_la_modifie_le_reste(monkeypatch):
    assert modifier_et_retirer(monkeypatch) == ([True, True], EtatAnnonce.RETIREE)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_sans_passer_l_un_apres_l_autre_la_modification_la_ranimerait(monkeypatch):
    monkeypatch.setattr(annonces, "_changer_de_version", lambda _collectivite: None)
    assert modifier_et_retirer(monkeypatch) == ([True, True], EtatAnnonce.EN_LIGNE)
