"""Le contraste de WCAG, et ce qu'une commune ne peut pas enregistrer."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from portail.charte import empreinte, feuille
from portail.couleurs import contraste, est_hexadecimale
from portail.models import Collectivite, valider_adresse, valider_couleur


def refus(valider, valeur) -> list[str]:
    with pytest.raises(ValidationError) as erreur:
        valider(valeur)
    return erreur.value.messages


@pytest.mark.parametrize(
    ("une", "autre", "rapport"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#000000", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#1f5c99", "#ffffff", 6.89),
        ("#0a0a0a", "#000000", 1.06),
    ],
)
def test_le_contraste_est_celui_de_wcag(une, autre, rapport):
    assert round(contraste(une, autre), 2) == rapport


@pytest.mark.parametrize("couleur", ["#1f5c99", "#1F5C99", "#000000"])
def test_ces_couleurs_sont_hexadecimales(couleur):
    assert est_hexadecimale(couleur)


@pytest.mark.parametrize("couleur", ["1f5c99", "#1f5", "#1f5c9g", "#1f5c99\n", "red", "#1f5c99;}body{", ""])
def test_ce_qui_n_est_pas_exactement_une_couleur_est_refuse(couleur):
    assert not est_hexadecimale(couleur)
    assert refus(valider_couleur, couleur) == ["Écrivez la couleur sous la forme #1f5c99."]


def test_la_couleur_est_refusee_juste_en_dessous_du_contraste_et_admise_juste_au_dessus():
    phrase = "Cette couleur est trop claire : un texte blanc dessus serait illisible."
    assert refus(valider_couleur, "#777777") == [phrase]
    valider_couleur("#767676")


@pytest.mark.parametrize("adresse", ["https://factures.boe.fr", "http://127.0.0.1:8000"])
def test_une_adresse_est_un_schema_un_hote_et_un_port(adresse):
    valider_adresse(adresse)


@pytest.mark.parametrize(
    "adresse",
    [
        "https://factures.boe.fr/",
        "https://factures.boe.fr/?a=1",
        "ftp://boe.fr",
        "boe.fr",
        "https://",
        "HTTPS://boe.fr",
        "https://ada@boe.fr",
        "https://[boe",
        "https://boe.fr:port",
        "https://bo\té.fr",
        " https://boe.fr",
        "javascript:alert(1)",
    ],
)
def test_une_autre_adresse_est_refusee(adresse):
    phrase = "Écrivez l'adresse sous la forme https://factures.exemple.fr, sans rien après."
    assert refus(valider_adresse, adresse) == [phrase]


@pytest.mark.parametrize("lien", ["m470310001", "M47031000", "M47031000A", "4703100011", "MM70310001"])
@pytest.mark.django_db
def test_un_lien_est_une_majuscule_et_neuf_chiffres(lien):
    commune = Collectivite(nom="Boé", lien=lien, adresse="https://boe.fr", telephone="1", horaires="h")
    with pytest.raises(ValidationError) as erreur:
        commune.full_clean()
    messages = erreur.value.message_dict["lien"]
    assert messages[0] == "Un code LIEN est une lettre majuscule suivie de neuf chiffres."


@pytest.mark.sqlite
def test_deux_communes_n_ont_ni_le_meme_lien_ni_le_meme_hote_ni_la_place_par_defaut(boe, ailleurs):
    hote = boe.hotes.get().nom
    for fautif, champs in ((ailleurs, {"lien": boe.lien}), (ailleurs, {"par_defaut": True})):
        with pytest.raises(IntegrityError), transaction.atomic():
            Collectivite.objects.filter(pk=fautif.pk).update(**champs)
    with pytest.raises(IntegrityError), transaction.atomic():
        ailleurs.hotes.create(nom=hote)


def test_l_empreinte_change_avec_la_couleur_et_la_feuille_ne_dit_que_ses_nuances(boe):
    avant = empreinte(boe)
    boe.couleur = "#7a3a5c"
    assert feuille(boe) == (
        ":root { --couleur-commune: #7a3a5c; --plein: #7a3a5c; --plein-survol: #622e4a; --lien: #7a3a5c; "
        "--voile: #f7f3f5; }\n"
        "@media screen { @media (prefers-color-scheme: dark) { :root { --plein: #af899d; --plein-survol: #cfb8c4; "
        "--lien: #af899d; --voile: #2e2325; } } }\n"
    )
    assert len(empreinte(boe)) == 12
    assert empreinte(boe) != avant


def test_une_couleur_entree_par_un_autre_chemin_ne_passe_pas_dans_la_feuille():
    with pytest.raises(ValidationError):
        feuille(Collectivite(couleur="#fff;}*{}"))


@pytest.mark.sqlite
@pytest.mark.parametrize("couleur", ["1f5c99f", "#1f5c9", "#1f5c9g", "#1f5c9\n", "red", ""])
def test_la_base_refuse_ce_qui_n_est_pas_une_couleur(boe, couleur):
    with pytest.raises(IntegrityError), transaction.atomic():
        Collectivite.objects.update(couleur=couleur)
