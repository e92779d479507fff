#!/usr/bin/env bash
# The processes of demo.sh, which sources this: all that is started writes its pid to $dir/pids, and ends with the script.
# shellcheck disable=SC2154 # $dir and publisher_input are that script's

start() { # start NAME COMMAND...: in the background, its output in $dir/NAME.log
  local name=$1 fd
  shift
  (
    # A publisher that held another one's input open would keep it from ending.
    for fd in 3 "${publisher_input[@]}"; do exec {fd}>&-; done
    exec "$@"
  ) >>"$dir/$name.log" 2>&1 &
  started=$!
  echo "$started" >>"$dir/pids"
}

end_all() { # end_all SIGNAL
  local pid
  [[ -f $dir/pids ]] || return 0
  while read -r pid; do kill "-$1" "$pid" 2>/dev/null || true; done <"$dir/pids"
}

any_left() {
  local pid
  while read -r pid; do kill -0 "$pid" 2>/dev/null && return 0; done <"$dir/pids"
  return 1
}

clean_up() {
  local status=$?
  trap '' INT TERM
  end_all TERM
  for _ in {1..30}; do
    any_left 2>/dev/null || break
    sleep 0.1
  done
  end_all KILL
  wait 2>/dev/null || true
  rm -rf "$dir"
  exit "$status"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

claimed() { grep -q ":$(printf %04X "$1") " /proc/net/udp; } # by a test whose server is down just now (net.cpp)

free_port() {
  local port
  for _ in {1..100}; do
    port=$((15000 + RANDOM % 17000))
    if ! listens "$port" && ! claimed "$port"; then
      echo "$port"
      return
    fi
  done
  die "no free port"
}

wait_for_port() { # wait_for_port PORT NAME
  for _ in {1..100}; do
    listens "$1" && return
    sleep 0.1
  done
  cat "$dir/$2.log" >&2
  die "$2 does not listen on port $1"
}

wait_for_line() { # wait_for_line NAME TEXT: in its log
  for _ in {1..100}; do
    grep -q "$2" "$dir/$1.log" && return
    sleep 0.1
  done
  cat "$dir/$1.log" >&2
  die "$1 does not come up"
}
