"""Les demandes des habitants et le fil de chacune ; les requêtes sont au-dessus de leur modèle."""

from contact.models.demandes import OBJET_MAXIMUM, Demande
from contact.models.messages import Message, PieceJointe
from contact.models.reponses import ReponseType

__all__ = ["OBJET_MAXIMUM", "Demande", "Message", "PieceJointe", "ReponseType"]
