"""Actions of the deployer's policy that no recorded call needs, and why they are needed on AWS."""

from __future__ import annotations

_GAP = "the emulator lacks it, so the example is deployed without it"
_IMAGE = "the provider reads an image that is given by its id; the example gives a parameter"
_OTHER_CHANGE = "a change of another option, or the removal of a tag, needs it"
_WAIT = "the provider waits for the capacity of a group; the example's groups start empty"
_WITH_CREATION = "AWS checks it when the group, the flow log or the key is created"
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html, dependent actions
_WITH_WEB_ACL = "AWS checks it with the association of a web ACL"
# https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
_WITH_WAF_LOGS = "AWS checks it when a web ACL gets a log group"

UNCALLED = {
    "autoscaling:DescribeInstanceRefreshes": "the provider looks for a refresh that is still running",
    "autoscaling:DescribeScalingActivities": _WAIT,
    "cloudwatch:PutCompositeAlarm": _GAP,
    "ec2:DeleteTags": _OTHER_CHANGE,
    "ec2:DescribeImages": _IMAGE,
    "ec2:GetInstanceUefiData": _IMAGE,
    "ec2:ModifySubnetAttribute": _OTHER_CHANGE,
    "ec2:ModifyVpcEndpoint": _OTHER_CHANGE,
    "ec2:RunInstances": _WITH_CREATION,
    "elasticloadbalancing:CreateWebACLAssociation": _WITH_WEB_ACL,
    "elasticloadbalancing:DeleteWebACLAssociation": _WITH_WEB_ACL,
    "elasticloadbalancing:DescribeTargetHealth": _WAIT,
    "elasticloadbalancing:GetLoadBalancerWebACL": _WITH_WEB_ACL,
    "elasticloadbalancing:ModifyListener": _OTHER_CHANGE,
    "elasticloadbalancing:SetWebAcl": _WITH_WEB_ACL,
    "iam:CreateServiceLinkedRole": "AWS checks it when the account's first group, balancer or database is created",
    "iam:PassRole": _WITH_CREATION,
    "kms:PutKeyPolicy": _WITH_CREATION,
    "logs:CreateLogDelivery": _WITH_WAF_LOGS,
    "logs:DeleteLogDelivery": _WITH_WAF_LOGS,
    "logs:DeleteQueryDefinition": _GAP,
    "logs:DescribeQueryDefinitions": _GAP,
    "logs:DescribeResourcePolicies": _WITH_WAF_LOGS,
    "logs:PutQueryDefinition": _GAP,
    "logs:PutResourcePolicy": _WITH_WAF_LOGS,
    "rds:CreateDBSnapshot": "AWS checks it when a database is destroyed with a final snapshot; the example has none",
    "ssm:GetParameter": _GAP,
}
"""Reason by action."""
