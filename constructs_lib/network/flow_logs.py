"""Flow logs of a VPC."""

from __future__ import annotations

from constructs_lib.foundation import cdk, names, policy, stack_context
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.log_retention import check_retention


class FlowLogs(cdk.Construct):
    """Flow logs of a VPC's accepted and rejected traffic, in a CloudWatch log group.

    Args:
        vpc_id: id of the VPC.
        name: prefix of the names of the role and the log group, at most 31 characters.
        days: retention in days; one of ``log_retention.RETENTION_DAYS``.
    """

    def __init__(self, scope: cdk.Construct, id: str, *, vpc_id: str, name: str, days: int) -> None:
        checks = Checks(scope, id)
        name = names.network(checks, name)
        check_retention(checks, "days", days)
        super().__init__(scope, id)
        group = cdk.aws.cloudwatch_log_group.CloudwatchLogGroup(
            self, "group", name=f"/vpc/{name}/flow-logs", retention_in_days=days
        )
        role = cdk.aws.iam_role.IamRole(
            self,
            "role",
            name_prefix=f"{name}-flows-",
            description=f"Writes the flow logs of {name}",
            assume_role_policy=policy.trust("vpc-flow-logs.amazonaws.com", account=stack_context.account(self)),
        )
        role_policy = cdk.aws.iam_role_policy.IamRolePolicy(
            self,
            "policy",
            name="write-flow-logs",
            role=role.name,
            policy=policy.document(
                [
                    policy.Statement(
                        "WriteFlowLogs",
                        ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                        [f"{group.arn}:*"],
                    ).as_dict(),
                    # The action does not support resources.
                    policy.Statement("FindTheGroup", ["logs:DescribeLogGroups"], ["*"]).as_dict(),
                ]
            ),
        )
        cdk.aws.flow_log.FlowLog(
            self,
            "flow-log",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": f"{name}-flow-logs"},
            depends_on=[role_policy],
        )
