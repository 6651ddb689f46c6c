"""The ledger: every return and every mark as an event, once, in a chain that shows any later change."""

from estimation.returns.ledger.append import Entered, enter_delivery
from estimation.returns.ledger.chain import Head, LedgerEvent
from estimation.returns.ledger.delivery import Delivery, FileRead
from estimation.returns.ledger.inbox import Ingest, gather, ingest
from estimation.returns.ledger.marks import mark
from estimation.returns.ledger.state import intake
from estimation.returns.ledger.store import Ledger, history, open_ledger, recorded_until, verify_chain

__all__ = [
    "Delivery",
    "Entered",
    "FileRead",
    "Head",
    "Ingest",
    "Ledger",
    "LedgerEvent",
    "enter_delivery",
    "gather",
    "history",
    "ingest",
    "intake",
    "mark",
    "open_ledger",
    "recorded_until",
    "verify_chain",
]
