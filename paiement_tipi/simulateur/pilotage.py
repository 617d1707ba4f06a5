"""La commande du simulateur par JSON : GET et POST /simulateur/etat (design.md §5.6)."""

import json
from http import HTTPStatus

from paiement_tipi.simulateur.echange import Reponse, Requete
from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.reglages import ReglageRefuseError

TYPE_JSON = "application/json"


class Pilotage:
    """Montre et change les réglages."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat

    def montrer(self, _requete: Requete) -> Reponse:
        """Les réglages et les journaux."""
        return _json(self._etat.en_clair())

    def changer(self, requete: Requete) -> Reponse:
        """Fond le JSON reçu dans les réglages, ou dit en une phrase pourquoi rien n'a changé."""
        if requete.type_contenu != TYPE_JSON:
            phrase = f"Le type de contenu doit être {TYPE_JSON}."
            return _json({"erreur": phrase}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            self._etat.regler(json.loads(requete.corps))
        except ReglageRefuseError as refus:
            return _json({"erreur": str(refus)}, HTTPStatus.BAD_REQUEST)
        except (ValueError, RecursionError):
            return _json({"erreur": "Le corps n'est pas du JSON lisible."}, HTTPStatus.BAD_REQUEST)
        return self.montrer(requete)


def _json(contenu: object, statut: HTTPStatus = HTTPStatus.OK) -> Reponse:
    corps = json.dumps(contenu, ensure_ascii=False, indent=1).encode()
    return Reponse(statut=statut, corps=corps, type_contenu=TYPE_JSON, entetes=(("Cache-Control", "no-store"),))
