"""Chaque lecteur de l'environnement : ce qu'il accepte, ce qu'il refuse, et par quelle phrase."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portail import env

NOM = "ESSAI_DE_LECTURE"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def sans_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    # Posée puis enlevée, pour que monkeypatch l'enlève aussi quand c'est « charger » qui l'a posée.
    monkeypatch.setenv(NOM, "")
    monkeypatch.delenv(NOM)


def refus(lire, *arguments, **options) -> str:
    with pytest.raises(ImproperlyConfigured) as erreur:
        lire(*arguments, **options)
    return str(erreur.value)


def ecrire(dossier: Path, texte: str) -> Path:
    fichier = dossier / "demo.env"
    fichier.write_text(texte, "utf-8")
    return fichier


def test_une_variable_requise_est_lue_sans_ses_espaces(monkeypatch):
    monkeypatch.setenv(NOM, "  secret ")
    assert env.env_requis(NOM) == "secret"


@pytest.mark.parametrize("valeur", [None, "", "   "])
def test_une_variable_requise_absente_ou_vide_est_refusee(monkeypatch, valeur):
    if valeur is not None:
        monkeypatch.setenv(NOM, valeur)
    assert refus(env.env_requis, NOM) == f"La variable {NOM} est obligatoire : voir .env.exemple."


@pytest.mark.parametrize(("valeur", "lue"), [("oui", "oui"), (" oui ", "oui"), ("", "défaut"), (None, "défaut")])
def test_un_texte_absent_ou_vide_vaut_son_defaut(monkeypatch, valeur, lue):
    if valeur is not None:
        monkeypatch.setenv(NOM, valeur)
    assert env.env_texte(NOM, defaut="défaut") == lue


@pytest.mark.parametrize(
    ("valeur", "defaut", "lue"),
    [("1", False, True), ("0", True, False), (None, True, True), (None, False, False), ("", True, True)],
)
def test_un_booleen_vaut_0_1_ou_son_defaut(monkeypatch, valeur, defaut, lue):
    if valeur is not None:
        monkeypatch.setenv(NOM, valeur)
    assert env.env_bool(NOM, defaut=defaut) is lue


@pytest.mark.parametrize("valeur", ["oui", "true", "True", "yes", "on", "2", "01", "-1"])
def test_un_booleen_ecrit_autrement_est_refuse(monkeypatch, valeur):
    monkeypatch.setenv(NOM, valeur)
    assert refus(env.env_bool, NOM, defaut=False) == f"La variable {NOM} vaut 0 ou 1, et non « {valeur} »."


@pytest.mark.parametrize(("valeur", "lue"), [("5", 5), ("005", 5), ("8000", 8000), (None, 300), ("", 300)])
def test_un_entier_au_moins_egal_au_minimum_est_lu(monkeypatch, valeur, lue):
    if valeur is not None:
        monkeypatch.setenv(NOM, valeur)
    assert env.env_entier(NOM, defaut=300, minimum=5) == lue


@pytest.mark.parametrize("valeur", ["4", "0", "-5", "+5", "5.0", "1e3", "abc", "0x10", "٥", "5 5", "9" * 5000])
def test_un_entier_trop_petit_ou_mal_ecrit_est_refuse(monkeypatch, valeur):
    monkeypatch.setenv(NOM, valeur)
    phrase = refus(env.env_entier, NOM, defaut=300, minimum=5)
    assert phrase == f"La variable {NOM} est un entier d'au moins 5, et non « {valeur} »."


@pytest.mark.parametrize(
    ("valeur", "lue"),
    [("a,b", ["a", "b"]), (" a , b ,", ["a", "b"]), (",,", []), (None, ["défaut"]), ("", ["défaut"])],
)
def test_une_liste_est_faite_de_mots_sans_vides(monkeypatch, valeur, lue):
    if valeur is not None:
        monkeypatch.setenv(NOM, valeur)
    assert env.env_liste(NOM, defaut="défaut") == lue


@pytest.mark.parametrize(
    "valeur",
    ["http://127.0.0.1:8001/tpa", "http://payfip.localhost/", "https://www.payfip.gouv.fr/tpa", "http://[::1]/"],
)
def test_une_adresse_complete_est_rendue_telle_quelle(monkeypatch, valeur):
    monkeypatch.setenv(NOM, valeur)
    assert env.env_url(NOM, defaut="https://defaut.fr", https=True) == valeur


@pytest.mark.parametrize(
    "valeur",
    [
        "ftp://exemple.fr",
        "exemple.fr",
        "https://",
        "//exemple.fr",
        "javascript:alert(1)",
        "http://[x",
        "http://a:port/",
    ],
)
def test_une_adresse_incomplete_ou_d_un_autre_genre_est_refusee(monkeypatch, valeur):
    monkeypatch.setenv(NOM, valeur)
    phrase = refus(env.env_url, NOM, defaut="https://defaut.fr")
    assert phrase == f"La variable {NOM} est une adresse http ou https, et non « {valeur} »."


def test_une_adresse_d_ailleurs_en_clair_est_refusee_quand_https_est_exige(monkeypatch):
    monkeypatch.setenv(NOM, "http://exterieur.fr/tpa")
    assert env.env_url(NOM, defaut="https://defaut.fr") == "http://exterieur.fr/tpa"
    assert refus(env.env_url, NOM, defaut="https://defaut.fr", https=True) == (
        f"La variable {NOM} doit commencer par https://."
    )


def test_l_origine_d_une_adresse_garde_le_port_et_laisse_le_chemin():
    assert env.origine("http://127.0.0.1:8001/tpa/paiementws.web?a=1#b") == "http://127.0.0.1:8001"


@pytest.mark.parametrize("hote", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "a.b.localhost"])
def test_ces_hotes_sont_la_machine_elle_meme(hote):
    assert env.est_boucle_locale(hote)


@pytest.mark.parametrize(
    "hote",
    ["example.org", "localhost.example.org", "127.0.0.1.example.org", "128.0.0.1", "0.0.0.0", "127.0.0", ""],  # noqa: S104
)
def test_ces_hotes_sont_ailleurs(hote):
    assert not env.est_boucle_locale(hote)


def test_charger_pose_les_lignes_sans_rien_remplacer(monkeypatch, tmp_path):
    monkeypatch.setenv("ESSAI_DEJA_POSE", "avant")
    env.charger(ecrire(tmp_path, f"# un commentaire\n\n{NOM}=a=b é\nESSAI_DEJA_POSE=après\n"))
    assert (os.environ[NOM], os.environ["ESSAI_DEJA_POSE"]) == ("a=b é", "avant")


def test_charger_un_fichier_absent_ne_fait_rien(tmp_path):
    env.charger(tmp_path / "demo.env")
    assert NOM not in os.environ


@pytest.mark.parametrize("ligne", ["export PORT=1", "PORT", "port=8000", "=8000", "PORT =8000", "8PORT=1"])
def test_charger_refuse_une_ligne_qui_n_est_pas_nom_egale_valeur(tmp_path, ligne):
    fichier = ecrire(tmp_path, f"# un commentaire\n{ligne}\n")
    assert refus(env.charger, fichier) == "demo.env, ligne 2 : on attend NOM=valeur."


@pytest.mark.parametrize(
    ("url", "lu"),
    [
        ("smtp://h", env.Courriel(SMTP, hote="h", port=587, starttls=True)),
        ("smtp://h:25?tls=0", env.Courriel(SMTP, hote="h", port=25)),
        ("smtp://h:2525?tls=1", env.Courriel(SMTP, hote="h", port=2525, starttls=True)),
        ("smtps://h", env.Courriel(SMTP, hote="h", port=465, tls=True)),
        (
            "smtp://u%40x:p%2F%3F@h",
            env.Courriel(SMTP, hote="h", port=587, starttls=True, utilisateur="u@x", mot_de_passe="p/?"),
        ),
        ("fichiers:", env.Courriel("portail.courriels.fichiers.EnvoiEnFichiers")),
        ("fichiers:/srv/x", env.Courriel("portail.courriels.fichiers.EnvoiEnFichiers", dossier="/srv/x")),
        ("anymail+mailjet:", env.Courriel("anymail.backends.mailjet.EmailBackend")),
    ],
)
def test_l_adresse_des_courriels_dit_tout(monkeypatch, url, lu):
    monkeypatch.setenv("COURRIEL_URL", url)
    assert env.env_courriel("COURRIEL_URL", defaut="") == lu


@pytest.mark.parametrize(
    "url",
    [
        "smtp:secret", "smtp://u:secret@", "smtp://u:secret@h:port", "smtp://u:secret@h?tls=2", "smtp://u:secret@h?x=1",
        "http://u:secret@h", "secret", "anymail+secret:", "anymail:", "anymail+../secret:",
    ],
)  # fmt: skip
def test_une_adresse_de_courriel_illisible_est_refusee_sans_etre_repetee(monkeypatch, url):
    monkeypatch.setenv("COURRIEL_URL", url)
    with pytest.raises(ImproperlyConfigured) as refus:
        env.env_courriel("COURRIEL_URL", defaut="")
    assert str(refus.value) == "La variable COURRIEL_URL ne se lit pas : voir .env.exemple."


def test_les_cles_d_un_prestataire_gardent_leur_nom(monkeypatch):
    monkeypatch.setenv("ANYMAIL_MAILJET_API_KEY", "x")
    assert env.env_prefixe("ANYMAIL_") == {"MAILJET_API_KEY": "x"}


@pytest.mark.parametrize(
    ("valeur", "lue"),
    [
        ("", None),
        ("tcp://127.0.0.1:3310", ("127.0.0.1", 3310)),
        ("tcp://[::1]:3310", ("::1", 3310)),
        ("unix:/run/clamd.ctl", "/run/clamd.ctl"),
    ],
)
def test_une_prise(monkeypatch, valeur, lue):
    monkeypatch.setenv(NOM, valeur)
    assert env.env_prise(NOM) == lue


@pytest.mark.parametrize(
    "valeur",
    ["3310", "tcp://hote", "tcp://hote:port", "tcp://:3310", "tcp://hote:3310/x", "unix:clamd", "http://hote:3310"],
)
def test_une_prise_etrange_est_refusee(monkeypatch, valeur):
    monkeypatch.setenv(NOM, valeur)
    phrase = f"La variable {NOM} est tcp://hote:port ou unix:/chemin, et non « {valeur} »."
    assert refus(env.env_prise, NOM) == phrase
