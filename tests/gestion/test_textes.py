"""Les mots d'une commune dans ses courriels : du texte, des emplacements permis, et rien qui s'exécute."""

import html
import re

import factories
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptes.courriels import JETON
from comptes.models import ChoixEnvoi
from portail import courriels
from portail.admin.formulaires import TexteForm
from portail.courriels import textes
from portail.courriels.redaction import rediger
from portail.models import Collectivite, Courriel, Journal, Role, TexteDeCourriel
from portail.registre import sorte_de_courriel, sortes_de_courriel
from tests.gestion.conftest import agent_de
from tests.gestion.test_reglages import lire, lu
from tests.portail.outils_courriels import Bureau

RACINE = "/gestion/reglages/courriels/"
# Ce que chacun dit toujours, quoi que la commune y mette.
GARDENT = {
    "activation": ("Vous n'avez rien demandé ? Ne faites rien", "/activation/"),
    "comptes.mot_de_passe_oublie": ("votre mot de passe ne change pas", f"/lien/mot-de-passe/{JETON}/"),
    "comptes.mot_de_passe_change": ("Si ce n'est pas vous", "/mot-de-passe/oublie/"),
    "comptes.adresse_a_valider": ("Si vous n'avez rien demandé", f"/{JETON}/"),
    "comptes.adresse_en_changement": ("Si ce n'est pas vous, arrêtez ce changement", f"/{JETON}/"),
    "comptes.copie_prete": ("Si ce n'est pas vous", "/mes-informations/copie/"),
    "comptes.envoi_change": ("Vous pouvez changer d'avis", "/mes-informations/"),
    "contact.accuse": ("Suivre votre demande", "/contact/"),
    "paiement": ("accusé de réception", "/factures/"),
}
MODIFIABLES = sorted(GARDENT)


@pytest.fixture
def admin(boe, connecter):
    return connecter(agent_de(boe, Role.ADMINISTRATION), chez=boe)


def envoi_de(commune, *, nom: str = "DUPONT") -> Courriel:
    """Un courriel qui porte le nom d'un habitant."""
    redevable = factories.redevable(commune, nom=nom, prenom="", civilite="")
    choix = ChoixEnvoi.objects.create(collectivite=commune, redevable=redevable, mode="papier", moyen="service")
    courriels.deposer(
        sorte="comptes.envoi_change", cle=f"choix:{choix.pk}", collectivite=commune, destinataire="a@exemple.fr",
        contexte={"choix": choix.pk},
    )  # fmt: skip
    return Courriel.objects.latest("pk")


def test_chaque_courriel_aux_habitants_se_change_et_a_son_exemple(boe):
    modifiables = [sorte for sorte in sortes_de_courriel() if sorte.exemple is not None]
    assert {sorte.nom for sorte in modifiables} >= set(MODIFIABLES)
    assert [sorte.nom for sorte in modifiables if set(sorte.emplacements) != set(sorte.exemple(boe).emplacements)] == []
    assert [s.nom for s in modifiables if {*s.emplacements} & {"montant", "iban", "lien", "jeton", "sujet"}] == []


@pytest.mark.parametrize("nom", MODIFIABLES)
def test_la_phrase_de_securite_et_le_lien_restent_avec_les_mots_de_la_commune(admin, boe, nom):
    mots = {
        "sujet": "{commune} <b>&",
        "introduction": "Première\nligne </main><!--",
        "signature": "Le service {telephone}",
    }
    assert admin.post(f"{RACINE}{nom}/", mots).status_code == 303
    page, texte = admin.get(f"{RACINE}{nom}/apercu/"), admin.get(f"{RACINE}{nom}/apercu/?partie=texte")
    lu_html, lu_texte = html.unescape(page.content.decode()), texte.content.decode()
    for phrase in (*GARDENT[nom], "Ville de Boé <b>&", "Le service 05 61 00 19 30", "Une question ?"):
        assert phrase in lu_html
        assert phrase in lu_texte or phrase == "Ville de Boé <b>&"
    assert "Première\nligne </main><!--" in lu_texte
    assert "Première<br>ligne &lt;/main&gt;&lt;!--" in page.content.decode()
    assert [partie.count("Bonjour,") for partie in (lu_html, lu_texte)] == [1, 1]
    assert texte["Content-Type"] == "text/plain; charset=utf-8"


def test_l_apercu_ne_peut_rien_executer_et_n_est_cadre_que_par_nous(admin, boe):
    apercu, page = admin.get(f"{RACINE}paiement/apercu/"), admin.get(f"{RACINE}paiement/")
    politique = apercu["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'", "script-src 'self'"} <= set(politique)
    assert (apercu["X-Frame-Options"], apercu["Cache-Control"]) == ("SAMEORIGIN", "no-store")
    assert "frame-src 'self'" in page["Content-Security-Policy"].split("; ")
    assert (page["X-Frame-Options"], "sandbox" in page["Content-Security-Policy"]) == ("DENY", False)
    ailleurs = admin.get("/gestion/reglages/")
    assert "frame" not in ailleurs["Content-Security-Policy"].replace("frame-ancestors 'none'", "")


def test_l_apercu_montre_ce_qui_s_ecrit_sans_l_enregistrer(admin, boe):
    vu = admin.post(f"{RACINE}paiement/apercu/", {"introduction": "Merci de payer {service}."}).content.decode()
    assert "Merci de payer Eau et assainissement." in vu
    assert "Merci" not in admin.get(f"{RACINE}paiement/apercu/").content.decode()
    refuse = lire(admin.post(f"{RACINE}paiement/apercu/", {"introduction": "{montant}"}))
    assert "{montant} n'est pas un emplacement" in refuse
    assert not TexteDeCourriel.objects.exists()


@pytest.mark.parametrize(
    ("champ", "valeur", "phrase"),
    [
        ("introduction", "Vous devez {montant}", "{montant} n'est pas un emplacement"),
        ("introduction", "{sujet}", "{sujet} n'est pas un emplacement"),
        ("introduction", "{nom}", "{nom} n'est pas un emplacement"),  # d'une autre sorte
        ("signature", "{commune.adresse}", "n'est pas un emplacement"),
        ("introduction", "Réglez 243,11 €", "Ni somme ni IBAN"),
        ("signature", "FR76 3000 6000 0112 3456 7890 189", "Ni somme ni IBAN"),
        ("sujet", "a\u202eb", "caractère invisible"),
        ("sujet", "x" * 121, "120"),
    ],
)
def test_une_saisie_fausse_est_refusee_avec_ce_qui_est_permis(admin, boe, champ, valeur, phrase):
    page = lire(admin.post(f"{RACINE}paiement/", {champ: valeur}))
    assert phrase in page
    if "emplacement" in phrase:
        assert "{commune} {telephone} {horaires} {service} {date}" in page
    assert not TexteDeCourriel.objects.exists()


@pytest.mark.parametrize("valeur", ["{{ settings.SECRET_KEY }}", "{% include 'x' %}", "{# x #}", "{{ commune }}"])
def test_le_langage_de_django_n_est_pas_le_notre(boe, valeur):
    sorte = sorte_de_courriel("paiement")
    assert not TexteForm({"introduction": valeur}, sorte=sorte).is_valid()
    # Et s'il venait à être en base, il resterait ce qu'il est.
    TexteDeCourriel.objects.create(
        collectivite=boe, sorte="paiement", sujet=valeur, introduction=valeur, signature=valeur
    )
    message = textes.apercu(boe, sorte, textes.mots_de(boe, sorte))
    assert (message["sujet"], message["texte"].count(valeur)) == (valeur, 2)
    assert html.unescape(message["html"]).count(valeur) == 4  # titre, h1, introduction, signature


def test_le_nom_d_un_habitant_reste_litteral(boe):
    nom = "{telephone} {{ settings.SECRET_KEY }} <script>&amp;"
    TexteDeCourriel.objects.create(collectivite=boe, sorte="comptes.envoi_change", introduction="Pour {nom} !")
    message = rediger(envoi_de(boe, nom=nom))
    assert f"Pour {nom} !" in message["texte"]
    assert f"<p>Pour {html.escape(nom)} !</p>" in message["html"]


def test_les_mots_sont_ceux_de_la_commune_et_d_elle_seule(admin, boe, ailleurs):
    admin.post(f"{RACINE}comptes.envoi_change/", {"sujet": "{commune} : {sujet}", "collectivite": ailleurs.pk})
    assert [rediger(envoi_de(chez))["sujet"] for chez in (boe, ailleurs)] == [
        "Ville de Boé : La façon de recevoir vos factures a changé",
        "La façon de recevoir vos factures a changé",
    ]


def test_un_courriel_deja_compose_repart_le_meme(admin, boe, settings, monkeypatch):
    bureau = Bureau(humeurs=["accepte puis coupe"])
    monkeypatch.setattr("tests.portail.outils_courriels.bureau", bureau)
    settings.EMAIL_BACKEND = "tests.portail.outils_courriels.Facteur"
    envoi_de(boe)
    courriels.envoyer()
    admin.post(f"{RACINE}comptes.envoi_change/", {"introduction": "Des mots nouveaux"})
    Courriel.objects.update(prochain_essai="2020-01-01T00:00Z")
    courriels.envoyer()
    premier, second = bureau.recus
    assert premier == second


def test_le_journal_dit_quels_textes_changent_sans_les_repeter(admin, boe):
    admin.post(f"{RACINE}paiement/", {"signature": "Camille DUPONT, régisseuse"})
    admin.post(f"{RACINE}paiement/", {"signature": "Camille DUPONT, régisseuse"})
    assert admin.post(f"{RACINE}paiement/origine/").status_code == 303
    faits = list(Journal.objects.filter(action="courriel.texte").order_by("pk"))
    origine = {"sorte": "paiement", "sujet": "d'origine", "introduction": "d'origine", "signature": "d'origine"}
    a_elle = {**origine, "signature": "de la commune"}
    assert [(fait.avant, fait.apres) for fait in faits] == [(origine, a_elle), (a_elle, origine)]
    assert not TexteDeCourriel.objects.exists()


def test_deux_administrateurs_le_second_voit_les_mots_du_premier(admin, boe):
    vu = lu(admin, f"{RACINE}paiement/")
    admin.post(f"{RACINE}paiement/", {"sujet": "Un", "lu": vu})
    page = lire(admin.post(f"{RACINE}paiement/", {"sujet": "Deux", "lu": vu}))
    assert "Quelqu'un vient d'enregistrer : « Un »" in page
    assert TexteDeCourriel.objects.get().sujet == "Un"
    relu = re.search(r'name="lu" value="(\w+)"', page)[1]
    assert admin.post(f"{RACINE}paiement/", {"sujet": "Deux", "lu": relu}).status_code == 303
    assert TexteDeCourriel.objects.get().sujet == "Deux"


def test_l_essai_part_a_qui_le_demande_et_a_personne_d_autre(admin, boe, settings):
    moi = Collectivite.objects.get(pk=boe.pk).affectations.get().usager.email
    TexteDeCourriel.objects.create(collectivite=boe, sorte="paiement", introduction="Nos mots")
    assert admin.post(f"{RACINE}paiement/essai/", {"destinataire": "bob@exemple.fr", "adresse": "x"}).status_code == 303
    courriel = Courriel.objects.get()
    assert (courriel.destinataire, courriel.sorte, courriel.collectivite) == (moi, "paiement", boe)
    message = rediger(courriel)
    assert ("Nos mots" in message["texte"], "2026-0001" in message["html"]) == (True, True)
    assert Journal.objects.filter(action="courriel.essai").count() == 1
    settings.LIMITES = settings.LIMITES | {"essais-de-courriel": (1, 60)}
    assert admin.post(f"{RACINE}paiement/essai/").status_code == 429


@pytest.mark.parametrize("suite", ["", "apercu/", "apercu/?partie=texte"])
@pytest.mark.parametrize("nom", ["inconnue", "comptes.envoi_change_service", "..", "%00"])
def test_une_sorte_qui_ne_se_change_pas_est_introuvable(admin, boe, nom, suite):
    assert admin.get(f"{RACINE}{nom}/{suite}").status_code == 404


TEXTE = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.text(
    st.sampled_from("{}<>&\"'%#\n /=adbnoscriptmue"), max_size=60
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(dict.fromkeys(textes.CHAMPS, TEXTE)), TEXTE)
def test_aucun_texte_ne_fait_une_balise_ni_une_erreur(boe, mots, nom):
    """Saisi, il est refusé par une phrase ou accepté ; accepté ou déjà en base, il reste du texte."""
    sorte = sorte_de_courriel("comptes.envoi_change")
    formulaire = TexteForm(mots, sorte=sorte)
    valables = formulaire.mots() if formulaire.is_valid() else mots
    attendues = balises(textes.apercu(boe, sorte, dict.fromkeys(textes.CHAMPS, ""))["html"])
    for essai in (mots, valables):
        message = textes.apercu(boe, sorte, essai)
        assert balises(message["html"]) == sorted(attendues + ["p"] * bool(essai["introduction"]))
        assert "\n" not in message["sujet"]


def balises(source: str) -> list[str]:
    """Celles d'une page, sans les sauts de ligne, triées."""
    return sorted(b for b in re.findall(r"<([a-z!/]\w*)", source) if b not in {"br", "/p"})
