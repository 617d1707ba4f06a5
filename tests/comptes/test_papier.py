"""Ne plus recevoir de papier : un acte de la personne, prouvé, annoncé au service, et défait d'un clic."""

import ast
import hashlib
import html
import re
from pathlib import Path

import factories
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from comptes import papier, services
from comptes.models import ChoixEnvoi, ModeEnvoi, MoyenDuChoix, Redevable, Usager
from portail.models import Collectivite, Courriel, Journal
from tests.comptes.outils_messages import relever

RACINE = Path(__file__).resolve().parents[2]
SERVICE = "factures@boe.example"


@pytest.fixture
def redevable(boe, ada) -> Redevable:
    """Ada, dont l'adresse est prouvée, et le service, qui lit ses messages."""
    Collectivite.objects.filter(pk=boe.pk).update(courriel_contact=SERVICE)
    boe.refresh_from_db()
    ada.courriel_confirme_le = timezone.now()
    ada.save()
    return factories.redevable(boe, ada, code="C-42", nom="LOVELACE", prenom="Ada")


def adresse(redevable) -> str:
    return f"/mes-informations/envoi/{redevable.uuid}/"


def choisir(client, redevable, mode):
    return client.post(adresse(redevable), {"mode": mode})


def mode_de(redevable) -> str:
    return Redevable.objects.values_list("mode_envoi", flat=True).get(pk=redevable.pk)


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def test_la_page_de_confirmation_porte_les_mots_du_guide(boe, ada, redevable, connecter):
    lu = texte(connecter(ada, chez=boe).get(adresse(redevable)))
    for phrase in (
        "Ne pas recevoir les factures au format papier",
        papier.TEXTES[papier.VERSION],
        "En confirmant, un message électronique est automatiquement envoyé pour prévenir le service concerné de votre",
        "C-42",
        "ada@exemple.fr",
        "Valider",
    ):
        assert phrase in lu
    assert mode_de(redevable) == ModeEnvoi.PAPIER  # lire la page ne change rien


@pytest.mark.sqlite
def test_valider_change_le_mode_garde_la_preuve_et_previent_le_service_et_la_personne(boe, ada, redevable, connecter):
    client = connecter(ada, chez=boe)
    assert choisir(client, redevable, "electronique")["Location"] == "/mes-informations/"

    choix = ChoixEnvoi.objects.get()
    assert (choix.collectivite, choix.redevable, choix.compte, choix.adresse, choix.texte, choix.moyen) == (
        boe, redevable, ada.pk, "ada@exemple.fr", papier.VERSION, MoyenDuChoix.EN_LIGNE,
    )  # fmt: skip
    assert mode_de(redevable) == choix.mode == ModeEnvoi.ELECTRONIQUE
    entree = Journal.objects.get(action="redevable.envoi")
    assert (entree.acteur, entree.identifiant, entree.apres) == (
        ada.pk, str(redevable.uuid), {"mode": "electronique", "moyen": "en-ligne"},
    )  # fmt: skip
    partis = {m.to[0]: m for m in relever()}
    assert set(partis) == {"ada@exemple.fr", SERVICE}
    assert "C-42" in partis[SERVICE].body
    assert "ne veut plus recevoir ses factures au format papier" in partis[SERVICE].body
    assert f"{boe.adresse}/mes-informations/" in partis["ada@exemple.fr"].body
    assert "Sans papier" in texte(client.get("/mes-informations/"))


@pytest.mark.sqlite
def test_un_seul_clic_ramene_au_papier_et_previent_aussi(boe, ada, redevable, connecter):
    client = connecter(ada, chez=boe)
    choisir(client, redevable, "electronique")
    relever()
    contenu = client.get("/mes-informations/").content.decode()
    assert "Recevoir à nouveau les factures au format papier" in contenu

    choisir(client, redevable, "papier")

    assert mode_de(redevable) == ModeEnvoi.PAPIER
    assert [(c.mode, c.texte) for c in ChoixEnvoi.objects.order_by("pk")] == [("electronique", 1), ("papier", None)]
    assert sorted(m.to[0] for m in relever()) == ["ada@exemple.fr", SERVICE]


def test_changer_deux_fois_dans_la_journee_finit_bien_et_ne_double_rien(boe, ada, redevable):
    for _ in range(2):
        assert services.recevoir_par_mail(usager=ada, redevable=redevable) is True
        assert services.recevoir_par_mail(usager=ada, redevable=redevable) is False
        assert services.revenir_au_papier(redevable=redevable, usager=ada) is True
        assert services.revenir_au_papier(redevable=redevable, usager=ada) is False
    assert (ChoixEnvoi.objects.count(), Courriel.objects.count()) == (4, 8)


def test_une_commune_sans_adresse_de_contact_n_empeche_rien(boe, ada, redevable):
    Collectivite.objects.update(courriel_contact="")
    redevable.collectivite.refresh_from_db()
    services.recevoir_par_mail(usager=ada, redevable=redevable)
    assert [m.to for m in relever()] == [["ada@exemple.fr"]]


@pytest.mark.sqlite
def test_sans_adresse_prouvee_le_papier_continue_et_la_page_dit_comment_la_prouver(boe, ada, redevable, connecter):
    ada.courriel_confirme_le = None
    ada.save()
    client = connecter(ada, chez=boe)
    contenu = client.get(adresse(redevable)).content.decode()
    assert "Confirmer cette adresse" in contenu
    assert 'name="mode"' not in contenu
    choisir(client, redevable, "electronique")
    assert "Confirmez d'abord votre adresse mail" in texte(client.get("/mes-informations/"))
    assert (mode_de(redevable), ChoixEnvoi.objects.count(), Courriel.objects.count()) == ("papier", 0, 0)


def test_chacun_choisit_pour_ses_redevables_seulement(boe, ailleurs, ada, bob, redevable, connecter):
    for client in (connecter(bob, chez=boe), connecter(ada, chez=ailleurs)):
        assert client.get(adresse(redevable)).status_code == 404
        assert choisir(client, redevable, "electronique").status_code == 404
    assert mode_de(redevable) == ModeEnvoi.PAPIER


def test_un_redevable_ne_change_pas_l_autre(boe, ada, redevable, connecter):
    autre = factories.redevable(boe, ada)
    choisir(connecter(ada, chez=boe), redevable, "electronique")
    assert (mode_de(redevable), mode_de(autre)) == ("electronique", "papier")


@pytest.mark.parametrize("mode", ["", "autre", "ELECTRONIQUE"])
def test_un_mode_inconnu_est_refuse(boe, ada, redevable, connecter, mode):
    assert choisir(connecter(ada, chez=boe), redevable, mode).status_code == 400
    assert mode_de(redevable) == ModeEnvoi.PAPIER


def test_un_agent_enregistre_un_formulaire_signe_avec_sa_reference(boe, ada, redevable):
    services.enregistrer_un_formulaire(usager=ada, redevable=redevable, reference="Courrier 2026-118")
    choix = ChoixEnvoi.objects.get()
    assert (choix.moyen, choix.reference, choix.compte, choix.mode) == (
        MoyenDuChoix.FORMULAIRE, "Courrier 2026-118", ada.pk, "electronique",
    )  # fmt: skip


def test_un_formulaire_ne_remplace_pas_la_preuve_de_l_adresse(boe, ada, redevable):
    Usager.objects.filter(pk=ada.pk).update(courriel_confirme_le=None)
    with pytest.raises(services.AdresseNonConfirmee):
        services.enregistrer_un_formulaire(usager=ada, redevable=redevable, reference="Courrier 2026-118")


def test_le_service_revient_au_papier_avec_une_raison(boe, ada, redevable):
    services.recevoir_par_mail(usager=ada, redevable=redevable)
    services.revenir_au_papier(redevable=redevable, raison="Message refusé par la boîte")
    choix = ChoixEnvoi.objects.latest("pk")
    assert (choix.moyen, choix.mode, choix.reference, choix.compte) == (
        MoyenDuChoix.SERVICE, "papier", "Message refusé par la boîte", None,
    )  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "manque", [{"compte": None}, {"texte": None}, {"adresse": ""}, {"moyen": "service"}, {"moyen": "formulaire"}]
)
def test_la_base_refuse_un_envoi_electronique_sans_preuve(boe, redevable, manque):
    entier = {"mode": "electronique", "moyen": "en-ligne", "compte": 1, "texte": 1, "adresse": "a@exemple.fr"}
    with pytest.raises(IntegrityError), transaction.atomic():
        ChoixEnvoi.objects.create(collectivite=boe, redevable=redevable, **entier | manque)
    ChoixEnvoi.objects.create(collectivite=boe, redevable=redevable, **entier)


@pytest.mark.sqlite
def test_une_preuve_ne_se_change_ni_ne_s_efface(boe, ada, redevable):
    services.recevoir_par_mail(usager=ada, redevable=redevable)
    for acte in (lambda: ChoixEnvoi.objects.update(adresse="x@exemple.fr"), ChoixEnvoi.objects.all().delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            acte()


def test_le_texte_accepte_ne_change_pas_sans_changer_de_version():
    empreintes = {v: hashlib.sha256(t.encode()).hexdigest()[:12] for v, t in papier.TEXTES.items()}
    assert empreintes == {1: "d6547ecb4d57"}


ECRIVENT, LIRE = {"comptes/services/envoi.py"}, {"filter", "exclude", "Q"}


def test_aucun_autre_module_n_ecrit_le_mode_d_envoi():
    """Ni un import, ni l'admin, ni une page : le service seul, qui exige un acte de la personne."""

    def ecrit(module: Path) -> bool:
        noeuds = list(ast.walk(ast.parse(module.read_text("utf-8"))))
        appels = [n for n in noeuds if isinstance(n, ast.Call) and ast.unparse(n.func).split(".")[-1] not in LIRE]
        nommes = any(nomme.arg == "mode_envoi" for appel in appels for nomme in appel.keywords)
        poses = (n for n in noeuds if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
        return nommes or any(n.attr == "mode_envoi" for n in poses)

    apps = ("portail", "comptes", "factures", "paiement_tipi", "contact")
    modules = [m for app in apps for m in (RACINE / app).rglob("*.py") if "migrations" not in m.parts]
    assert {str(m.relative_to(RACINE)) for m in modules if ecrit(m)} == ECRIVENT


@pytest.mark.sqlite
def test_quand_plus_personne_ne_les_recoit_en_ligne_le_papier_revient(boe, ada, bob, redevable):
    avec_bob = redevable.rattachements.create(collectivite=boe, usager=bob)
    services.recevoir_par_mail(usager=ada, redevable=redevable)
    services.detacher(rattachement=avec_bob)
    assert mode_de(redevable) == ModeEnvoi.ELECTRONIQUE  # Ada les lit toujours
    services.suspendre_rattachement(rattachement=redevable.rattachements.get(usager=ada), motif="Demande du service")
    assert mode_de(redevable) == ModeEnvoi.PAPIER
    assert ChoixEnvoi.objects.latest("pk").moyen == MoyenDuChoix.SERVICE
