"""``fumin demo``: a whole year of the programme on people who do not exist.

    folder     what may be written and deleted on the user's disk
    people     who takes part, and synthetic numbers that are valid but nobody's
    script     the year's plan as values: who applies for what, and what becomes of it
    office     every desk: who acts, and how an act becomes a command
    year       time: many threads of life, each acting on its own days, in one true order
    applying, repaying, quarters     the threads: an application, a note, the months and claims
    sheets     the claim a careful bank would file, by its own recomputation
    errors     what a careless bank does to it, planted one by one and remembered
    facts      what the programme knows at the end; outcomes, report: the same for people
    making     all of it, from the empty folder to the facts

Everything goes through ``commands.perform``: one command, one transaction, as over HTTP.
"""
