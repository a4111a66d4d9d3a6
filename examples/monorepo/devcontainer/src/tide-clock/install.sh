#!/bin/sh
set -eu
cat > /etc/profile.d/tide-clock.sh <<END
PS1="\\\$(curl -fsS -m 1 '${SERVICE:-http://tides:9000}/now' 2>/dev/null) \$PS1"
END
