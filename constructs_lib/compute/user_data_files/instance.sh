#!/bin/bash
# Calls AWS for this instance. Run as root: watch, give_up, complete HOOK RESULT, ship <TEXT.
set -euo pipefail
name='@NAME@' group='@GROUP@' log_group='@LOGGROUP@' region='@REGION@'
heartbeat='@HEARTBEAT@' # seconds; empty without a terminating hook
metadata=http://169.254.169.254/latest

ask() {
  curl --silent --show-error --fail --connect-timeout 5 --max-time 20 --retry 10 --retry-delay 1 --retry-all-errors \
    --retry-max-time 60 "$@"
}
about() { # PATH [OPTIONS]: read instance metadata, IMDSv2
  local session
  session=$(ask "${@:2}" --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
  ask "${@:2}" --header "X-aws-ec2-metadata-token: $session" "$metadata/meta-data/$1"
}
now() { about "$1" --retry 0 2>/dev/null || true; }
# The role's credentials, for curl to read on its standard input: never on a command line.
credentials() {
  about "iam/security-credentials/$(about iam/security-credentials/)" | python3 -c '
import json, sys
given = json.load(sys.stdin)
print("user =", json.dumps(given["AccessKeyId"] + ":" + given["SecretAccessKey"]))
print("header =", json.dumps("x-amz-security-token: " + given["Token"]))'
}
call() { # SERVICE OPTIONS
  credentials | ask --retry 3 --output /dev/null --config - --aws-sigv4 "aws:amz:$region:$1" "${@:2}" \
    "https://$1.$region.amazonaws.com/"
}
scaling() { # ACTION PARAMETERS
  local each given=()
  for each in "Action=$1" "InstanceId=$(about instance-id)" Version=2011-01-01 "${@:2}"; do
    given+=(--data-urlencode "$each")
  done
  call autoscaling "${given[@]}"
}
complete() { # HOOK RESULT
  scaling CompleteLifecycleAction "AutoScalingGroupName=$group" "LifecycleHookName=$1" "LifecycleActionResult=$2"
}
logs() { # ACTION FILE OPTIONS
  call logs "${@:3}" --header 'Content-Type: application/x-amz-json-1.1' --header "X-Amz-Target: Logs_20140328.$1" \
    --data-binary "@$2"
}
ship() { # Standard input becomes events of boot/INSTANCE, a line each, none longer than 4 kB.
  local folder stream
  folder=$(mktemp --directory)
  stream="boot/$(about instance-id)"
  python3 -c '
import json, sys, time
folder, group, stream = sys.argv[1:]
lines = [line[:4000].decode(errors="replace") for line in sys.stdin.buffer.read().splitlines() if line.strip()]
where = {"logGroupName": group, "logStreamName": stream}
stamp = int(time.time() * 1000)
for name, more in ("stream", {}), ("events", {"logEvents": [{"timestamp": stamp, "message": line} for line in lines]}):
    with open(folder + "/" + name, "w") as file:
        json.dump({**where, **more}, file)' "$folder" "$log_group" "$stream"
  # The stream exists if the instance has reported before.
  logs CreateLogStream "$folder/stream" --no-retry-all-errors 2>/dev/null || true
  logs PutLogEvents "$folder/events"
  rm -r "$folder"
}
give_up() { # The program failed too often: ship its log and have the instance replaced.
  journalctl --unit "$name" --lines 200 --no-pager --output cat | ship || true
  scaling SetInstanceHealth HealthStatus=Unhealthy ShouldRespectGracePeriod=false
}
watch() { # Stop the program in time when the instance is interrupted or terminated.
  local notice='' target='' stopping
  until [ -n "$notice" ] || [ "$target" = Terminated ]; do
    sleep 5
    notice=$(now spot/instance-action)
    # Without a hook, the shutdown stops the program, after the load balancer deregistered the instance.
    [ -z "$heartbeat" ] || target=$(now autoscaling/target-lifecycle-state)
  done
  echo "this instance is taken away: ${notice:-Auto Scaling terminates it}"
  systemctl stop "$name" &
  stopping=$!
  # A spot instance has two minutes: 80 s to finish, then a second signal makes the program return its job.
  [ -z "$notice" ] || timeout 80 tail --pid "$stopping" -f /dev/null || systemctl kill --kill-whom main "$name" || true
  until timeout "${heartbeat:-120}" tail --pid "$stopping" -f /dev/null; do
    scaling RecordLifecycleActionHeartbeat "AutoScalingGroupName=$group" LifecycleHookName=terminating || true
  done
  [ -z "$heartbeat" ] || complete terminating CONTINUE || [ -n "$notice" ]
}
install_session_manager() { # VERSION SHA256 (of the package)
  local file
  systemctl is-enabled --quiet amazon-ssm-agent 2>/dev/null && return
  file=$(mktemp --suffix .deb)
  ask --max-time 120 --output "$file" \
    "https://s3.$region.amazonaws.com/amazon-ssm-$region/$1/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb"
  echo "$2  $file" | sha256sum --check --quiet
  dpkg --install "$file"
  rm "$file"
}
[ "${BASH_SOURCE[0]}" != "$0" ] || "$@"
