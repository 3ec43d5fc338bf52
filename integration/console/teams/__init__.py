"""Pages for the people of integrated neighbourhood teams: their caseloads, one person's whole story, the huddle.

What a page shows was decided for whoever is signed in, as every read of the API is, and is audited as one before it is
answered. What a page says is made by pure functions: `story` and `timeline` of one person, `overview` of a caseload.
"""
