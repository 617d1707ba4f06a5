"""Écrit en base les données de démonstration, une fois : ce qui existe déjà n'est pas touché."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import fontpkg
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont

from comptes import codes
from comptes.models import VALIDITE_CODE, CodeActivation, Rattachement, Redevable, Usager, empreinte_code
from factures.etats import Moyen, Nature
from factures.models import Facture, LigneFacture
from factures.services import annuler, encaisser, marquer, publier
from paiement_tipi.management.demo import MOT_DE_PASSE, NUMCLI, Commune, Modele
from paiement_tipi.models import ContratTipi
from paiement_tipi.protocole import Saisie
from paiement_tipi.services.constat import ORIGINE
from portail.models import Affectation, Annonce, Collectivite, Hote, Regie, Role
from portail.services import annoncer, regler_les_moyens, suspendre_le_paiement

COTE_LOGO = 192
EN_LIGNE = frozenset({Moyen.CARTE, Moyen.PRELEVEMENT})


def creer_collectivite(commune: Commune, port: int, *, agent: Usager) -> Collectivite:
    """La commune, ses services et ses contrats ; son adresse suit le port à chaque démarrage.

    ``agent`` suspend ceux qui doivent l'être.
    """
    collectivite, nouvelle = Collectivite.objects.update_or_create(
        lien=commune.lien,
        defaults={"adresse": f"http://127.0.0.1:{port}"},
        create_defaults={
            "adresse": f"http://127.0.0.1:{port}",
            "nom": commune.nom,
            "telephone": "05 61 00 19 30",
            "horaires": "du lundi au vendredi, de 7h à 22h",
            "couleur": commune.couleur,
            "par_defaut": commune.par_defaut,
            "ouverte_le": timezone.now(),
            **commune.mentions,
        },
    )
    if nouvelle:
        collectivite.logo.save(f"{commune.lien}.png", _logo(commune))
        Hote.objects.create(collectivite=collectivite, nom=commune.hote)
        for code, libelle in commune.regies.items():
            regie = Regie.objects.create(collectivite=collectivite, code=code, libelle=libelle)
            if code in commune.moyens:
                regler_les_moyens(regie=regie, **commune.moyens[code])
            if code in commune.suspendues:
                suspendre_le_paiement(regie=regie, auteur=agent, message=commune.suspendues[code])
            ContratTipi.objects.create(
                collectivite=collectivite,
                regie=regie,
                numcli=NUMCLI,
                saisie=Saisie.PRODUCTION,
                groupes=code == "CANTINE",
            )
    return collectivite


def creer_annonces(commune: Commune, collectivite: Collectivite, *, agent: Usager) -> None:
    """Celles dont le titre manque, pour un an."""
    faites = set(Annonce.objects.filter(collectivite=collectivite).values_list("titre", flat=True))
    for modele in commune.annonces:
        if modele.titre not in faites:
            annoncer(
                collectivite=collectivite,
                auteur=agent,
                titre=modele.titre,
                texte=modele.texte,
                importante=modele.importante,
                regie=None,
                debut=None,
                fin=timezone.now() + timedelta(365),
            )


def _logo(commune: Commune) -> ContentFile[bytes]:
    """Un blason d'une lettre, dans la couleur de la commune."""
    image = Image.new("RGB", (COTE_LOGO, COTE_LOGO), "white")
    dessin = ImageDraw.Draw(image)
    dessin.rounded_rectangle((0, 0, COTE_LOGO - 1, COTE_LOGO - 1), radius=44, fill=commune.couleur)
    fonte = ImageFont.truetype(str(fontpkg.path("Atkinson Hyperlegible", weight=700)), 120)
    lettre = commune.nom.split()[-1][0]
    dessin.text((COTE_LOGO / 2, COTE_LOGO / 2), lettre, font=fonte, fill="white", anchor="mm")
    sortie = BytesIO()
    image.save(sortie, "PNG")
    return ContentFile(sortie.getvalue())


def creer_usager(email: str, *, civilite: str, nom: str, prenom: str, **champs: bool) -> Usager:
    """Le compte, avec le mot de passe de démonstration ; celui d'un compte existant n'est pas changé."""
    existant = Usager.objects.filter(email=email).first()
    if existant is not None:
        return existant
    identite = {"civilite": civilite, "nom": nom, "prenom": prenom, "courriel_confirme_le": timezone.now()}
    return Usager.objects.create_user(email, MOT_DE_PASSE, **identite, **champs)


def creer_redevable_a_activer(
    collectivite: Collectivite, *, code: str, nom: str, courriel: str = "", code_activation: str = ""
) -> Redevable:
    """Un compte client que personne ne lit encore, par son adresse mail ou par un code déjà imprimé."""
    redevable, _ = Redevable.objects.get_or_create(
        collectivite=collectivite,
        source="DEMO",
        code=code,
        defaults={
            "civilite": "Madame",
            "nom": nom,
            "prenom": "Camille",
            "adresse": "16 chemin des Canetons",
            "code_postal": "47550",
            "ville": "Boé",
            "courriel": courriel,
        },
    )
    if code_activation:
        empreinte = empreinte_code(codes.lire(code_activation), client=code, chez=collectivite)
        valeurs = {"collectivite": collectivite, "empreinte": empreinte, "expire_le": timezone.now() + VALIDITE_CODE}
        CodeActivation.objects.get_or_create(redevable=redevable, defaults=valeurs)
    return redevable


def inviter_un_agent(collectivite: Collectivite) -> None:
    """Une invitation qui attend, sans message : « Renvoyer l'invitation » l'enverra."""
    invitation = {"prenom": "Rose", "nom": "LECTURE", "role": Role.LECTURE, "invitee_le": timezone.now()}
    if not Affectation.objects.filter(collectivite=collectivite, role=Role.LECTURE).exists():
        Affectation.objects.create(collectivite=collectivite, courriel="invitee@demo.example", **invitation)


def creer_redevable(usager: Usager, *, code: str, collectivite: Collectivite, adresse: str, ville: str) -> Redevable:
    """Le compte client de cette personne, rattaché à son compte."""
    redevable, _ = Redevable.objects.get_or_create(
        collectivite=collectivite,
        source="DEMO",
        code=code,
        defaults={
            "civilite": usager.civilite,
            "nom": usager.nom,
            "prenom": usager.prenom,
            "adresse": adresse,
            "code_postal": "47550" if ville == "Boé" else "99003",
            "ville": ville,
            "courriel": usager.email,
        },
    )
    Rattachement.objects.get_or_create(usager=usager, redevable=redevable, defaults={"collectivite": collectivite})
    return redevable


def creer_facture(modele: Modele, *, redevable: Redevable, usager: Usager | None, aujourd_hui: date) -> None:
    """La facture du modèle, publiée, avec ses lignes et ce qui lui est arrivé ; rien si son numéro existe déjà."""
    regie = Regie.objects.get(collectivite=redevable.collectivite, code=modele.regie)
    if Facture.objects.filter(regie=regie, numero=modele.numero).exists():
        return
    est_avoir = modele.montant < 0
    facture = Facture.objects.create(
        collectivite=redevable.collectivite,
        regie=regie,
        redevable=redevable,
        numero=modele.numero,
        reference=modele.reference,
        nature=Nature.AVOIR if est_avoir else Nature.FACTURE,
        exercice=(aujourd_hui + timedelta(modele.emise)).year,
        objet=modele.objet,
        montant=modele.montant,
        reste_du=Decimal(0) if est_avoir else modele.montant,
        date_emission=aujourd_hui + timedelta(modele.emise),
        date_echeance=None if est_avoir else aujourd_hui + timedelta(modele.echeance),
        date_limite_en_ligne=None if est_avoir else aujourd_hui + timedelta(modele.limite),
        date_prelevement=None if modele.prelevement is None else aujourd_hui + timedelta(modele.prelevement),
    )
    LigneFacture.objects.bulk_create(
        LigneFacture(
            facture=facture,
            collectivite=facture.collectivite,
            rang=rang,
            libelle=libelle,
            quantite=quantite,
            prix_unitaire=prix,
            montant=Decimal(montant),
        )
        for rang, (libelle, quantite, prix, montant) in enumerate(modele.lignes, start=1)
    )
    publier(factures=[facture])
    Facture.objects.filter(pk=facture.pk).update(publiee_le=timezone.now() + timedelta(modele.emise))
    _raconter(modele, facture, usager)


def _raconter(modele: Modele, facture: Facture, usager: Usager | None) -> None:
    """Ce qui est arrivé à la facture depuis sa publication."""
    if modele.paye:
        recu_le = timezone.now() - timedelta(days=-modele.emise // 2)
        origine = f"{ORIGINE}demo" if modele.moyen in EN_LIGNE else "demo"
        encaisser(facture=facture, montant=Decimal(modele.paye), moyen=modele.moyen, origine=origine, recu_le=recu_le)
    if modele.annulation:
        annuler(factures=[facture], motif=modele.annulation)
    if modele.marquee and usager:
        marquer(facture=facture, usager=usager, reglee=True)
