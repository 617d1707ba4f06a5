"""Une fermeture que croise une connexion, un rattachement, un choix sans papier ou une autre fermeture."""

import threading
from datetime import timedelta
from functools import partial

import factories
import pytest
from django.test import Client
from django.utils import timezone

from comptes import services
from comptes.adaptateur import AdaptateurComptes
from comptes.etats import Cause, EtatRattachement
from comptes.models import CodeActivation, Rattachement, Redevable, Usager, a_fermer
from comptes.services import effacement, envoi
from portail.models import Courriel, Journal
from tests.comptes.outils_activation import code_de
from tests.paiement_tipi.outils_courses import LIBRE_SECONDES, RendezVous, avant, ensemble, sans_verrous


def effacer(usager) -> bool:
    return services.effacer(parmi=Usager.objects.filter(pk=usager.pk), cause=Cause.EXPLOITANT)


@pytest.mark.sqlite
def test_une_connexion_qui_finit_apres_la_fermeture_n_ouvre_rien(boe, ada, facture, monkeypatch):
    """Le mot de passe est vérifié, puis le compte se ferme, puis la session s'ouvre."""
    ouvrir = AdaptateurComptes.login

    def login(adaptateur, request, user):
        assert effacer(ada)
        ouvrir(adaptateur, request, user)

    monkeypatch.setattr(AdaptateurComptes, "login", login)
    client = Client(HTTP_HOST="localhost")
    client.post("/connexion/", {"login": "ada@exemple.fr", "password": factories.MOT_DE_PASSE})
    assert client.get("/factures/").status_code == 302
    ferme = Usager.objects.get(pk=ada.pk)
    assert (ferme.email, ferme.is_active, ferme.nom) == (f"ferme-{ada.pk}@compte.invalid", False, "Compte fermé")


@pytest.mark.sqlite
def test_une_connexion_entre_le_choix_et_le_verrou_garde_le_compte(boe, ada, facture, connecter, monkeypatch):
    il_y_a = timezone.now() - timedelta(days=800)
    Usager.objects.filter(pk=ada.pk).update(last_login=il_y_a, prevenu_le=il_y_a + timedelta(days=700))
    choisis = a_fermer(timezone.now()).filter(pk=ada.pk)
    assert choisis.exists()
    avant(monkeypatch, effacement, "_tenir", lambda: connecter(ada, chez=boe))
    assert services.effacer(parmi=choisis, cause=Cause.INACTIVITE) is False
    assert Usager.objects.get(pk=ada.pk).is_active


@pytest.fixture
def seule(transactional_db) -> Usager:
    """Une habitante d'une commune, avec un compte client."""
    commune = factories.collectivite()
    personne = factories.usager(courriel_confirme_le=timezone.now())
    factories.redevable(commune, personne)
    return personne


@pytest.mark.postgresql
@pytest.mark.parametrize("verrou", [True, False])
def test_deux_fermetures_a_la_fois_n_en_font_qu_une(seule, monkeypatch, verrou):
    """Sans le verrou, deux confirmations partent et le journal le dit deux fois."""
    if not verrou:
        sans_verrous(monkeypatch)
    avant(monkeypatch, effacement, "_refuser", RendezVous(2, verrou=verrou).attendre)
    resultats = ensemble(*(lambda: effacer(seule) for _ in range(2)))
    attendu = [False, True] if verrou else [True, True]
    assert sorted(resultats) == attendu
    assert Journal.objects.filter(action="compte.efface").count() == sum(attendu)
    assert Courriel.objects.filter(sorte=effacement.COURRIEL).count() == sum(attendu)


@pytest.mark.postgresql
def test_un_code_tape_pendant_la_fermeture_ne_se_perd_pas_dans_le_compte_ferme(seule, monkeypatch):
    commune = Rattachement.objects.get().collectivite
    autre = factories.redevable(commune)
    code = code_de(autre)
    rendez_vous = RendezVous(2, verrou=True)
    avant(monkeypatch, effacement, "_rendre_anonyme", rendez_vous.attendre)

    def taper():
        rendez_vous.attendre()
        return services.rattacher_par_code(usager=seule, chez=commune, client=autre.code, code=code.replace("-", ""))

    assert ensemble(lambda: effacer(seule), taper) == [True, None]
    assert not Rattachement.objects.filter(etat=EtatRattachement.ACTIF).exists()
    assert CodeActivation.objects.get().utilise_le is None


@pytest.mark.postgresql
@pytest.mark.parametrize(("verrou", "mode"), [(True, "papier"), (False, "electronique")])
def test_renoncer_au_papier_pendant_la_fermeture_ne_laisse_pas_une_facture_a_personne(seule, monkeypatch, verrou, mode):
    """Sans le verrou, le compte se ferme entre le droit de renoncer et son effet : plus personne ne reçoit rien."""
    if not verrou:
        sans_verrous(monkeypatch)
    redevable, permis, ferme = Redevable.objects.get(), threading.Event(), RendezVous(2, verrou=verrou)

    def attendre_la_fermeture():
        if not permis.is_set():
            permis.set()
            ferme.attendre()

    def fermer():
        permis.wait(LIBRE_SECONDES)
        fait = effacer(seule)
        ferme.attendre()
        return fait

    avant(monkeypatch, envoi, "_choisir", attendre_la_fermeture)
    renoncer = partial(services.recevoir_par_mail, usager=seule, redevable=redevable)
    assert ensemble(fermer, renoncer) == [True, True]
    redevable.refresh_from_db()
    assert redevable.mode_envoi == mode
