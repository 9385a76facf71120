"""The first two levels of the C4 model: context and containers."""

from __future__ import annotations

from tools.drawings.sheet import Box, Sheet


def context() -> str:
    """Draw the users of the system and the platform it runs on."""
    sheet = Sheet(
        860,
        400,
        "The system and who uses it",
        "Players and voters use the portal with a browser; moderators use its moderation pages; other programs call "
        "the API. Operators deploy and monitor it with ./anb and receive alarms by e-mail; it runs on AWS. Other "
        "teams install its library of constructs.",
    )
    ours = sheet.box(
        "ours",
        Box(x=330, y=120, width=200, height=120),
        "ANB Rising Stars",
        ["portal and workers,", "and constructs_lib,", "which they are built from"],
    )
    players = sheet.box("person", Box(x=20, y=20, width=160, height=70), "Players, voters", ["browser or phone"])
    moderators = sheet.box("person", Box(x=20, y=145, width=160, height=70), "Moderators", ["players with that role"])
    programs = sheet.box("other", Box(x=20, y=270, width=160, height=70), "Other programs", ["clients of the API"])
    operators = sheet.box("person", Box(x=680, y=60, width=160, height=70), "Operators", ["./anb on a machine"])
    teams = sheet.box("person", Box(x=680, y=230, width=160, height=70), "Other teams", ["with their own stacks"])
    aws = sheet.box("other", Box(x=330, y=310, width=200, height=70), "AWS", ["or its emulator"])
    sheet.arrow(players.right, (370, 55), (370, 120), label=["upload clips, vote,", "see the ranking"], at=(196, 31))
    sheet.arrow(moderators.right, ours.left, label=["set votes aside,", "hide videos"], at=(196, 156))
    sheet.arrow(
        programs.right, (255, 305), (255, 215), (330, 215), label=["HTTP and JSON,", "bearer tokens"], at=(196, 325)
    )
    sheet.arrow((680, 80), (490, 80), (490, 120), label=["deploy, monitor, restore"], at=(505, 71))
    sheet.arrow((530, 150), (760, 150), operators.bottom, label=["alarms by e-mail"], at=(545, 142))
    sheet.arrow(teams.left, (605, 265), (605, 210), (530, 210), label=["install the library"], at=(545, 284))
    sheet.arrow(ours.bottom, aws.top, label=["Terraform,", "then its APIs"], at=(338, 272))
    return sheet.svg()


def containers() -> str:
    """Draw the programs and stores, and how they communicate."""
    sheet = Sheet(
        860,
        700,
        "The programs and the stores",
        "The pages in the browser call the portal through the load balancer and upload clips directly to S3. The "
        "portal uses PostgreSQL, signs S3 URLs and puts messages in the queue. The worker receives messages, reads "
        "and writes S3, and keeps its claim in PostgreSQL. Both read secrets and send logs and metrics to "
        "CloudWatch, whose alarms SNS sends by e-mail.",
    )
    sheet.frame(Box(x=20, y=150, width=570, height=530), "VPC: only the load balancer is public", indent=140)
    sheet.frame(Box(x=300, y=185, width=270, height=480), "private subnets, no SSH")
    pages = sheet.box(
        "person",
        Box(x=40, y=20, width=200, height=96),
        "Pages",
        ["HTML and small modules", "of JavaScript,", "in the browser"],
    )
    balancer = sheet.box(
        "ours", Box(x=40, y=228, width=200, height=80), "Load balancer", ["TLS, health checks,", "optional firewall"]
    )
    portal = sheet.box(
        "ours",
        Box(x=320, y=220, width=230, height=110),
        "Portal",
        ["Flask on gunicorn: API, pages;", "its scheduler relays tasks,", "rolls up and recounts votes"],
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
        ["an SQS consumer; one video", "at a time, sandboxed, in", "one pass of ffmpeg"],
    )
    store = sheet.box(
        "other",
        Box(x=640, y=20, width=200, height=96),
        "S3",
        ["uploads, processed videos;", "releases that", "instances boot from"],
    )
    sheet.box("other", Box(x=680, y=225, width=160, height=80), "SQS", ["a message per video,", "and dead letters"])
    sheet.box(
        "other", Box(x=680, y=390, width=160, height=80), "Secrets Manager", ["database password,", "signing key"]
    )
    sheet.box(
        "other",
        Box(x=680, y=545, width=160, height=100),
        "CloudWatch",
        ["logs, metrics,", "alarms, dashboard;", "e-mail by SNS"],
    )
    sheet.arrow(pages.bottom, balancer.top, label=["HTTPS"], at=(148, 140))
    sheet.arrow(pages.right, store.left, label=["parts of a clip, by signed URLs"], at=(330, 60))
    sheet.arrow(balancer.right, (320, balancer.right[1]), label=["HTTP"], at=(250, 260))
    sheet.arrow((500, 220), (500, 92), (640, 92), label=["signs, joins parts"], at=(508, 112))
    sheet.arrow(portal.bottom, database.top, label=["SQL"], at=(443, 364))
    sheet.arrow((550, 250), (680, 250), label=["sends"], at=(600, 242))
    sheet.arrow((680, 285), (615, 285), (615, 560), (550, 560), label=["receives"], at=(622, 278))
    sheet.arrow(worker.top, database.bottom, label=["claims, results"], at=(443, 508))
    sheet.arrow(
        *((320, 600), (8, 600), (8, 8), (740, 8), (740, 20)),
        label=["reads the original,", "writes video, poster, preview"],
        at=(60, 576),
    )
    sheet.arrow((550, 315), (655, 315), (655, 420), (680, 420))
    sheet.arrow((550, 585), (655, 585), (655, 445), (680, 445), label=["both services,", "on demand"], at=(662, 490))
    sheet.arrow((550, 625), (680, 625), label=["logs, metrics"], at=(560, 641))
    return sheet.svg()
