"""Subscriptions: a client is told when something happens to the people whom it may know of.

    topics.py       what can be announced, as FHIR has it
    resource.py     a Subscription of FHIR R4 <-> what is kept of it
    register.py     the subscriptions of a client
    endpoints.py    where clients may be told things, registered beforehand
    dispatch.py     what happened -> for whom it waits
    gate.py         whether it may be told, decided anew each time
    outbox.py       decide, number, audit; and what came of sending it
    notification.py the Bundle that is sent
    signature.py    how a subscriber knows that it is ours
    posting.py      sending it, to an address that was looked at
    delivery.py     handshake, heartbeat, notifications in order, again after a failure
    notifier.py     all of it, for as long as a process runs

https://build.fhir.org/ig/HL7/fhir-subscription-backport-ig/ for FHIR R4; docs/subscriptions.md.
"""
