"""The system from outside and from inside: the first two levels of the C4 model."""

from __future__ import annotations

from tools.drawings.sheet import Box, Sheet


def context() -> str:
    """Who uses the system, and what it stands on."""
    sheet = Sheet(
        860,
        400,
        "The system and who uses it",
        "Players and voters use the portal with a browser; moderators use its moderation pages; programs of others "
        "call the API. Operators deploy and watch it with ./anb and are told of alarms by mail; it stands on AWS. "
        "Other teams install its library of constructs.",
    )
    ours = sheet.box(
        "ours",
        Box(x=330, y=120, width=200, height=120),
        "ANB Rising Stars",
        ["portal and workers,", "and constructs_lib,", "which they are built from"],
    )
    players = sheet.box("person", Box(x=20, y=20, width=160, height=70), "Players, voters", ["browser or phone"])
    moderators = sheet.box("person", Box(x=20, y=145, width=160, height=70), "Moderators", ["appointed players"])
    programs = sheet.box("other", Box(x=20, y=270, width=160, height=70), "Others' programs", ["clients of the API"])
    operators = sheet.box("person", Box(x=680, y=60, width=160, height=70), "Operators", ["./anb on a machine"])
    teams = sheet.box("person", Box(x=680, y=230, width=160, height=70), "Other teams", ["stacks of their own"])
    aws = sheet.box("other", Box(x=330, y=310, width=200, height=70), "AWS", ["or its emulator here"])
    sheet.arrow(players.right, (370, 55), (370, 120), says=["send clips, vote,", "follow the ranking"], at=(196, 31))
    sheet.arrow(moderators.right, ours.left, says=["set votes aside,", "hide videos"], at=(196, 156))
    sheet.arrow(
        programs.right, (255, 305), (255, 215), (330, 215), says=["HTTP and JSON,", "bearer tokens"], at=(196, 325)
    )
    sheet.arrow((680, 80), (490, 80), (490, 120), says=["deploy, watch, bring back"], at=(505, 71))
    sheet.arrow((530, 150), (760, 150), operators.bottom, says=["alarms by mail"], at=(545, 142))
    sheet.arrow(teams.left, (605, 265), (605, 210), (530, 210), says=["install the library"], at=(545, 284))
    sheet.arrow(ours.bottom, aws.top, says=["Terraform,", "then its APIs"], at=(338, 272))
    return sheet.svg()


def containers() -> str:
    """The programs and stores, and what they say to each other."""
    sheet = Sheet(
        860,
        700,
        "The programs and the stores",
        "The pages in the browser ask the portal through the load balancer and send clips straight to S3. The portal "
        "uses PostgreSQL, signs links to S3 and puts messages in the queue. The worker receives messages, reads and "
        "writes S3, and keeps its claim in PostgreSQL. Both read secrets and send logs and measures to CloudWatch, "
        "whose alarms SNS mails.",
    )
    sheet.frame(Box(x=20, y=150, width=570, height=530), "VPC: only the load balancer is open to the world", indent=140)
    sheet.frame(Box(x=300, y=185, width=270, height=480), "private subnets, no SSH")
    pages = sheet.box(
        "person",
        Box(x=40, y=20, width=200, height=96),
        "Pages",
        ["HTML and small modules", "of JavaScript,", "in the browser"],
    )
    balancer = sheet.box(
        "ours", Box(x=40, y=228, width=200, height=80), "Load balancer", ["TLS, health checks,", "firewall if wanted"]
    )
    portal = sheet.box(
        "ours",
        Box(x=320, y=220, width=230, height=110),
        "Portal",
        ["Flask on gunicorn: API, pages;", "its housekeeper relays,", "rolls up, counts again"],
    )
    database = sheet.box(
        "other",
        Box(x=320, y=390, width=230, height=80),
        "PostgreSQL (RDS)",
        ["accounts, videos, votes,", "tasks, limits"],
    )
    worker = sheet.box(
        "ours",
        Box(x=320, y=540, width=230, height=110),
        "Worker",
        ["an SQS consumer; one video", "at a time, looked into apart,", "made in one pass of ffmpeg"],
    )
    store = sheet.box(
        "other",
        Box(x=640, y=20, width=200, height=96),
        "S3",
        ["uploads, processed videos;", "releases, from which", "instances boot"],
    )
    sheet.box("other", Box(x=680, y=225, width=160, height=80), "SQS", ["a message a video,", "and dead letters"])
    sheet.box(
        "other", Box(x=680, y=390, width=160, height=80), "Secrets Manager", ["database password,", "signing key"]
    )
    sheet.box(
        "other",
        Box(x=680, y=545, width=160, height=100),
        "CloudWatch",
        ["logs, measures,", "alarms, dashboard;", "SNS mails"],
    )
    sheet.arrow(pages.bottom, balancer.top, says=["HTTPS"], at=(148, 140))
    sheet.arrow(pages.right, store.left, says=["parts of a clip, by signed links"], at=(330, 60))
    sheet.arrow(balancer.right, (320, balancer.right[1]), says=["HTTP"], at=(250, 260))
    sheet.arrow((500, 220), (500, 92), (640, 92), says=["signs, joins parts"], at=(508, 112))
    sheet.arrow(portal.bottom, database.top, says=["SQL"], at=(443, 364))
    sheet.arrow((550, 250), (680, 250), says=["sends"], at=(600, 242))
    sheet.arrow((680, 285), (615, 285), (615, 560), (550, 560), says=["receives"], at=(622, 278))
    sheet.arrow(worker.top, database.bottom, says=["claims, results"], at=(443, 508))
    sheet.arrow(
        *((320, 600), (8, 600), (8, 8), (740, 8), (740, 20)),
        says=["reads the original,", "writes video, poster, preview"],
        at=(60, 576),
    )
    sheet.arrow((550, 315), (655, 315), (655, 420), (680, 420))
    sheet.arrow((550, 585), (655, 585), (655, 445), (680, 445), says=["both, when they", "need them"], at=(662, 490))
    sheet.arrow((550, 625), (680, 625), says=["logs, measures"], at=(560, 641))
    return sheet.svg()
