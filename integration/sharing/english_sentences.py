"""The sentences of which agreements in plain English are made. All that `english.py` writes and `english_reading.py`
reads is here."""

from collections.abc import Mapping
from typing import Literal

from integration.sharing.sentences import Sentence

HEADINGS = (
    "WHO TAKES PART",
    "WHAT A RECORD MAY BE LOOKED AT FOR",
    "WHAT PEOPLE IN EACH ROLE MAY SEE, WHATEVER AN AGREEMENT OPENS",
    "THE AGREEMENTS",
)
NEIGHBOURHOOD = Sentence("The data sharing agreements of {name:text}.")
GROUP = Sentence("The group {name:name} is of the kind {kind:name}. Its members are:")
MEMBER = Sentence("- {code:name}: {name:name}")
PURPOSE = Sentence("The purpose {name:name} has the code {code:name} and is of the kind {kind:name}.")
CARE_ROLE = Sentence("The role {name:name} is a clinical or care role.")
OTHER_ROLE = Sentence("The role {name:name} is not a clinical or care role.")
SEES = Sentence("It may see: {kinds:names}.")
SEES_OWN = Sentence("Only where its own organisation recorded it, it may also see: {kinds:names}.")
RECORDS = Sentence("Of a person whom it may see, it may record here: {kinds:names}.")

AGREEMENT = Sentence("Agreement {id:name}, version {version:number}: {title:text}")
IN_SHORT = Sentence("In short: {text:text}")
IN_FORCE = Sentence("It is in force from {starts:day}, without an end.")
IN_FORCE_UNTIL = Sentence("It is in force from {starts:day} until {ends:day}.")
REVIEW = Sentence("It must be reviewed by {review:day}.")
SOURCES = Sentence("It is about what these record: {words:names}.")
RECIPIENTS = Sentence("These may see it: {words:names}.")
ROLES = Sentence("They may see it in these roles only: {words:names}.")
PURPOSES = Sentence("They may see it for these purposes only: {words:names}.")
KINDS = Sentence("They may see these kinds of information only, each role what it may see: {words:names}.")
NOTHING_SENSITIVE = Sentence("Sensitive information is opened to nobody.")
SENSITIVE = Sentence("Sensitive information of the kind {name:name} is opened to these roles only: {roles:names}.")
RELATIONSHIP = Sentence(
    "An organisation sees the information of a person with whom it has a relationship, of nobody else."
)
NO_RELATIONSHIP = Sentence("No relationship with the person is needed.")
BECAUSE = Sentence("The reason for that: {text:text}")
PUBLISHING = Sentence("What a charity recorded is shared only with the person's explicit consent.")
PUBLISHING_FREELY = Sentence("What a charity recorded is shared without the person's explicit consent.")
VIEWING = Sentence("A charity sees what others recorded only with the person's explicit consent.")
VIEWING_FREELY = Sentence("A charity sees what others recorded without the person's explicit consent.")
OTHER_BASIS = Sentence("The basis instead of explicit consent: {text:text}")
OWN_RECORD = Sentence("Consent to its viewing that a charity itself recorded counts for {days:days}.")
NO_OWN_RECORD = Sentence("Consent to its viewing that a charity itself recorded does not count.")
MUST_SAY_HOW = Sentence("Such a record counts only if it says how the consent was taken.")
NEED_NOT_SAY_HOW = Sentence("Such a record need not say how the consent was taken.")
EMERGENCY = Sentence(
    "In an emergency that they declare, these roles need no relationship, for {minutes:number} minutes: {roles:names}."
)
NO_EMERGENCY = Sentence("Declaring an emergency opens nothing.")
LOCATION = Sentence("Where a person is who must not be found is shown to these roles only: {roles:names}.")
NO_LOCATION = Sentence("Where a person is who must not be found is shown to nobody.")
TELLS = Sentence("Whoever asks is told when something is withheld, though never what.")
TELLS_NOT = Sentence("Whoever asks is not told when something is withheld.")
ARTICLE_6 = Sentence("Lawful basis in UK GDPR Article 6: {text:text}")
ARTICLE_9 = Sentence("Lawful basis in UK GDPR Article 9: {text:text}")
CONFIDENTIALITY = Sentence("Basis in the common law duty of confidentiality: {text:text}")

_EVIDENCE = {
    "registration": "A registration there",
    "referral": "A referral",
    "encounter": "A contact or stay there",
    "care-team": "A place in the person's care team",
    "caseload": "A place on its caseload",
    "service": "A service that it provides",
}
_ENDS = {"then": "until it ends", "later": "until {days:days} after it ended"}
_OWN = {
    "never": "where the organisation alone says so, it does not count",
    "days": "where the organisation alone says so, for {own:days}",
    "lasting": "where the organisation alone says so, as long as it lasts",
}
EVIDENCE: Mapping[tuple[str, str, str], Sentence] = {
    (kind, ends, own): Sentence(f"{words} counts {until}; {alone}.")
    for kind, words in _EVIDENCE.items()
    for ends, until in _ENDS.items()
    for own, alone in _OWN.items()
}
"""By kind of evidence, whether it counts beyond its end, and what the organisation's own word is worth."""
LASTING: Literal["as long as it lasts"] = "as long as it lasts"
