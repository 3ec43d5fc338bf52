"""Every column of the template in plain words, for the person who fills it in."""

ABOUT = (
    "One row for each referral, and one for each contact (visit, call, session). Keep this workbook, add to it, "
    "and send it whenever it is due: rows that we know already are not doubled, and a corrected row replaces the "
    "old one.",
    "Delete the grey example row, or leave it: a row whose Client ID is EXAMPLE is never read. Blank cells are "
    "fine. Please do not merge cells.",
    "CONSENT. Nothing of a row is shared unless Consent to share says Y. Ask the person; write the date and who "
    "asked. Blank means not asked, and nothing is shared. Anything but a plain Y or N also shares nothing.",
    "If somebody changes their mind, write the date in Consent withdrawn. Do not delete the row: a deleted row "
    "tells us nothing.",
    "Consent to view is another question: may your charity see what the NHS and the council hold about this "
    "person? It counts only with its date and who asked.",
    "NOTES stay with you, even if they are in the file, unless the row's Consent to share notes says Y. Even then "
    "only teams whose agreement names such notes see them. Notes often speak of other people: when in doubt, N.",
    "To take a referral or contact out that should never have been there, write Deleted in its Status.",
)
COLUMNS = {
    "Client ID": (
        "Your own number for this person. Always the same for one person, never given to two people, not even in "
        "a household."
    ),
    "Title": "Mr, Mrs, Ms ...",
    "First name": "All first names.",
    "Surname": "The family name.",
    "Known as": "What the person likes to be called.",
    "DOB": "Date of birth, such as 03/07/1940. Four digits of the year; an age is not enough to know who it is.",
    "NHS No": "The ten digits, from a letter or card. Leave it blank when you do not have it; never guess.",
    "Gender": "As the person says.",
    "Phone": "With its first 0.",
    "Mobile": "With its first 0.",
    "Email": "One address.",
    "Address": "House and street, town. Commas between.",
    "Postcode": "NFA for no fixed abode.",
    "GP practice": "The name of the surgery.",
    "Referral ID": (
        "Your own number for this referral, if you have one. It lets contacts say which referral they belong to."
    ),
    "Referral date": "The day it came to you.",
    "Referral source": "Who referred: GP, hospital, self ...",
    "Referral reason": "The main need in a few words. No stories: they belong into Notes.",
    "Link worker": "Name of your worker.",
    "Action": "What you offer or where you signposted. Several: a semicolon between.",
    "Accepted": "Y when the person took up your support, N when they declined.",
    "Outcome": "What came of it, in a few words.",
    "ONS4 start": "The four scores at the start, if you ask them.",
    "ONS4 end": "The four scores at the end.",
    "WEMWBS start": "The score at the start, if you ask it.",
    "WEMWBS end": "The score at the end.",
    "Status": "Where it stands. Deleted takes the row out of the shared record.",
    "Closed date": "The day your support ended.",
    "Care coordinator": "Y when your worker is this person's named care coordinator.",
    "Reasonable adjustments": (
        "What staff must do differently, such as Large print or BSL interpreter. Several: a semicolon between."
    ),
    "Consent to share": (
        "Y: the person agreed that this row is shared with the NHS and council teams around them. N: they said no."
    ),
    "Consent to view": "Y: the person agreed that your charity sees what these teams share. N: they said no.",
    "Consent to share notes": (
        "Y: the person agreed that the Notes of this row are shared too. Blank or N: they stay with you."
    ),
    "Consent date": "The day they answered.",
    "Consent to view date": "Only if it was another day.",
    "Consent taken by": "Who asked.",
    "Consent method": "Verbal or written.",
    "Consent withdrawn": "The day they changed their mind. It ends all three consents of the row.",
    "Contact ID": "Your own number for this contact, if you have one.",
    "Contact date": "The day of the contact; a day to come is an appointment.",
    "Time": "Such as 14:30.",
    "Minutes": "How long it lasted.",
    "Contact type": "How: home visit, telephone ...",
    "Service": "Which of your services, such as Lunch club.",
    "Topic": "What it was about, in a few words.",
    "Attended": "Whether it took place.",
    "Notes": "For yourself. Not shared, unless Consent to share notes says Y.",
}
"""Header -> what to write there."""
