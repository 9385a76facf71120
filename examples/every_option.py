"""Every option of every construct in one app: a reference to look options up in, not a deployment to copy."""

from datetime import timedelta
from pathlib import Path

from constructs_lib import (
    AccessLogBucket,
    Alarm,
    AlarmTopic,
    Bucket,
    Capacity,
    CompositeAlarm,
    Dashboard,
    DatabaseMonitoring,
    Domain,
    GeneratedSecret,
    Graph,
    InstanceOptions,
    LifecycleRule,
    LogQueries,
    LogQuery,
    Metric,
    MetricMath,
    Monitoring,
    Network,
    PostgresDatabase,
    PublicLoadBalancer,
    Queue,
    QueueMonitoring,
    QueueWorkers,
    QueueWorkersMonitoring,
    Release,
    S3State,
    SecurityAspect,
    SecurityGroup,
    ServiceRole,
    SessionManagerAgent,
    Stack,
    WebFirewall,
    WebService,
    WebServiceMonitoring,
    waive,
)
from constructs_lib.foundation import cdk

REGION = "eu-west-1"
DESTROYABLE = "the example is meant to be destroyed"

app = cdk.App()
stack = Stack(
    app,
    "every-option",
    region=REGION,
    tags={"Team": "shop"},
    state=S3State(bucket="shop-states-4f2a", prefix="shop/", region=REGION),
)
cdk.Aspects.of(stack).add(SecurityAspect())
zone = cdk.aws.route53_zone.Route53Zone(stack, "zone", name="shop.example", force_destroy=False)

# The network, the domain and the alarm topic.
network = Network(
    stack,
    "network",
    name="every",
    cidr="10.30.0.0/16",
    availability_zones=3,
    public_cidrs=["10.30.0.0/20", "10.30.16.0/20", "10.30.32.0/20"],
    private_cidrs=["10.30.128.0/20", "10.30.144.0/20", "10.30.160.0/20"],
    nat="per_zone",
    interface_endpoints=["sqs", "logs", "secretsmanager", "ssm", "ssmmessages", "monitoring"],
    flow_log_days=365,
)
site = Domain(name="www.shop.example", hosted_zone_id=zone.zone_id)
topic = AlarmTopic(stack, "alarms", name="every-alarms", emails=["duty@shop.example"], key_recovery_days=7)

# The load balancer, its access logs and its firewall.
access_logs = AccessLogBucket(
    stack, "access-logs", name="every-access-logs-4f2a", days=180, force_destroy_reason=DESTROYABLE
)
balancer = PublicLoadBalancer(
    stack,
    "balancer",
    network=network,
    name="every",
    domain=site,
    access_logs=access_logs,
    unprotected_reason=DESTROYABLE,
    idle_timeout=timedelta(seconds=120),
)
WebFirewall(
    stack,
    "firewall",
    load_balancer=balancer,
    name="every",
    requests_per_5_minutes=2000,
    large_bodies_reason="people upload photos through the site",
    log_days=90,
)

# Data: files, rows, jobs, a secret.
photos = Bucket(
    stack,
    "photos",
    name="every-photos-4f2a",
    lifecycle=[
        LifecycleRule(name="originals", prefix="originals/", infrequent_access_after_days=30),
        LifecycleRule(name="exports", prefix="exports/", infrequent_access_after_days=30, expire_after_days=365),
        LifecycleRule(name="drafts", prefix="drafts/", expire_after_days=7),
    ],
    old_versions_days=90,
    force_destroy_reason=DESTROYABLE,
)
photos.allow_uploads_from(["https://www.shop.example"])
database = PostgresDatabase(
    stack,
    "orders",
    network=network,
    name="every-orders",
    database="orders",
    username="shop",
    version=16,
    instance_class="db.m7g.large",
    storage_gib=100,
    backup_days=35,
    log_days=90,
    unprotected_reason=DESTROYABLE,
    no_final_snapshot_reason=DESTROYABLE,
    max_connections=200,
    parameters={"log_min_duration_statement": "500"},
)
week = timedelta(days=7)
jobs = Queue(
    stack, "thumbnails", name="every-thumbnails", max_job=timedelta(minutes=10), retention=week, max_receives=5
)
key = GeneratedSecret(
    stack,
    "signing-key",
    name="every/signing-key",
    description="Signs the shop's cookies",
    length=128,
    version=2,
    recovery_days=30,
)

# A custom alarm, which also rolls back a replacement of instances.
dimensions = {"Of": "checkout"}
started = Metric(namespace="Shop", name="Started", dimensions=dimensions, statistic="Sum", label="started")
failed = Metric(namespace="Shop", name="Failed", dimensions=dimensions, statistic="Sum", label="failed")
failing = Alarm(
    stack,
    "checkouts-fail",
    name="every-checkouts-fail",
    meaning="One checkout in twenty fails",
    action="Check the payment provider's status page; if it started with a release, roll back",
    metric=MetricMath(
        expression="100 * failed / started",
        metrics={"failed": failed, "started": started},
        label="failed checkouts (%)",
    ),
    comparison=">=",
    threshold=5,
    period=timedelta(minutes=1),
    periods=3,
    missing="notBreaching",
    on_alarm=topic,
)

# The instances. Both groups start empty; scaling and operators change that.
release = Release(
    stack, "release", bucket=photos, parts={"shop": Path(__file__).parent / "software"}, about={"version": "1.4.2"}
)
variables = {"QUEUE_URL": jobs.url, "PHOTOS": photos.name, "SIGNING_KEY": key.arn, **database.environment()}
capacity = Capacity(minimum=0, maximum=9, desired=0)
web = WebService(
    stack,
    "web",
    network=network,
    load_balancer=balancer,
    name="every-web",
    group_name="every-web",
    release=release,
    command="/usr/bin/python3 -m shop.web",
    pre_start_command="/usr/bin/python3 -m compileall -q shop",
    environment=variables,
    capacity=capacity,
    instances=InstanceOptions(
        instance_type="t3.small",
        ami_id="/aws/service/debian/release/13/latest/amd64",
        disk_gib=20,
        tags={"Serves": "people"},
        wait_for_capacity=timedelta(0),
    ),
    port=8080,
    health_path="/health",
    cpu_target=60,
    request_timeout=timedelta(seconds=90),
    keep_alive=timedelta(seconds=150),
    startup_timeout=timedelta(minutes=4),
)
workers = QueueWorkers(
    stack,
    "workers",
    network=network,
    queue=jobs,
    name="every-thumbnails",
    group_name="every-thumbnails",
    release=release,
    command="/usr/bin/python3 -m shop.worker",
    pre_start_command="/usr/bin/python3 -m compileall -q shop",
    environment=variables,
    capacity=capacity,
    instances=InstanceOptions(
        instance_type="c7i.large",
        wait_for_capacity=timedelta(0),
        log_group="/every/thumbnails",
        log_days=90,
        isolates_children=True,
        # Not the package's hash: an instance refuses the package.
        session_manager=SessionManagerAgent(version="3.3.987.0", sha256="0" * 64),
    ),
    seconds_per_job=25,
    acceptable_latency=timedelta(minutes=2),
    concurrency=2,
    startup_timeout=timedelta(minutes=4),
)


class Reports(cdk.Construct):
    """A custom construct: grants accept it because it has a `role`; it has its own security group."""

    def __init__(self, scope: cdk.Construct, id: str) -> None:
        super().__init__(scope, id)
        self.role = ServiceRole(self, "role", name="every-reports", network=network, session_manager=True)
        self.security_group = SecurityGroup(
            self, "security-group", vpc_id=network.vpc_id, name="every-reports-sg", description="Requests to the site"
        )


reports = Reports(stack, "reports")
jobs.grant_send(web)
web.roll_back_on(failing)
workers.roll_back_on(failing)
key.grant_read(web)
photos.grant_read(reports, prefix="exports/")
photos.grant_delete(reports, prefix="exports/")
web.security_group.allow_from(reports, "web", source=reports.security_group, port=8080, description="Reports to web")
for service in (web, workers):
    database.allow_from(service, connections=5)
    photos.grant_read(service)
    photos.grant_write(service, prefix="thumbnails/")

# Monitoring and the dashboard.
monitorings = [
    WebServiceMonitoring(
        stack, "web-watched", service=web, name="every-web", slow=timedelta(milliseconds=800), on_alarm=topic
    ),
    QueueWorkersMonitoring(stack, "workers-watched", workers=workers, name="every-thumbnails", on_alarm=topic),
    QueueMonitoring(
        stack,
        "queue-watched",
        queue=jobs,
        name="every-thumbnails",
        depth=workers.sizing.backlog_per_instance * capacity.maximum,
        oldest=workers.sizing.oldest_message_alarm,
        on_alarm=topic,
    ),
    DatabaseMonitoring(stack, "database-watched", database=database, name="every-orders", on_alarm=topic),
]
checkouts = Monitoring(stack, "checkouts-watched", name="every-checkouts", on_alarm=topic)
no_checkouts = checkouts.add_alarm(
    "none",
    meaning="No checkout was started for an hour",
    action="Try to buy something",
    metric=started,
    comparison="<",
    threshold=1,
    period=timedelta(minutes=15),
    periods=4,
    missing="breaching",
)
quarter = timedelta(minutes=15)
graph = Graph(title="Checkouts", left=[started], right=[failed], limits=[no_checkouts], period=quarter, region=REGION)
checkouts.add_graph(graph)
CompositeAlarm(
    stack,
    "people-feel-it",
    name="every-people-feel-it",
    meaning="People cannot buy",
    action="Start with the alarms that are on",
    any_of=[failing, no_checkouts],
    on_alarm=topic,
)
slow = LogQuery(name="slow", log_groups=[web.log_group_name], query="filter ms > 800 | stats count(*) by route")
LogQueries(stack, "questions", name="every", queries=[slow])
Dashboard(stack, "dashboard", name="every", parts=[*monitorings, checkouts])
waive(stack, "has no query log", reason="the zone holds public names alone", explains=["CKV2_AWS_39"])
stack.output("address", balancer.url, description="URL of the shop")

app.synth()
