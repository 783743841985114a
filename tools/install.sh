#!/bin/sh
# Install locked packages and this project into .venv: quietly, with a line of progress.
# usage: tools/install.sh PYTHON LOCK...
#        tools/install.sh PYTHON --extra NAME   an extra of pyproject.toml; locked versions stay
# An installation that was interrupted is taken up where it stopped.
set -eu
cd "$(dirname "$0")/.."
python=$1
shift
env_python=.venv/bin/python
log=.venv/install.log
case "${XC_LANG:-${LC_ALL:-${LANG:-zh}}}" in
  en*) english=true ;;
  *) english=false ;;
esac

say() { if $english; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi; }

stop() {
  say "$1" "$2" >&2
  exit 1
}

# A package that was being written when the last run ended has no INSTALLER yet: it is written anew.
find .venv -type d -name '*.dist-info' 2>/dev/null | while read -r folder; do
  [ -e "$folder/INSTALLER" ] || rm -rf "$folder"
done

mkdir -p .venv
wanted=""
if [ "$1" = --extra ]; then
  cat requirements*.lock.txt | sed -n 's/^\([a-z0-9.-]*==[^ ;\\]*\).*/\1/p' >.venv/constraints.txt
  wanted="-c .venv/constraints.txt -e .[$2]"
  total=0
else
  for lock in "$@"; do wanted="$wanted -r $lock"; done
  total=$(cat "$@" | grep -c '^[a-z0-9].*==')
fi
if command -v uv >/dev/null 2>&1; then
  [ -x "$env_python" ] ||
    uv venv -q --allow-existing --no-python-downloads -p "$python" .venv ||
    stop "无法创建 .venv" "cannot make .venv"
  install="uv pip install -q -p $env_python"
else
  "$env_python" -m pip --version >/dev/null 2>&1 || "$python" -m venv .venv ||
    stop "无法创建 .venv；请安装 python3-venv" "cannot make .venv; install python3-venv"
  install="$env_python -m pip install --progress-bar off --disable-pip-version-check"
fi
say "正在安装软件包" "installing packages"

: >"$log"
# shellcheck disable=SC2086
$install $wanted >>"$log" 2>&1 &
job=$!
trap 'kill "$job" 2>/dev/null; exit 130' INT TERM
began=$(date +%s)
while kill -0 "$job" 2>/dev/null; do
  if [ -t 1 ]; then
    seen=$(grep -c '^Collecting' "$log" || true)
    [ "$seen" -gt 0 ] || seen=$(find .venv -maxdepth 5 -name '*.dist-info' | wc -l)
    printf '\r  %d/%d  %d s ' "$seen" "$((total > seen ? total : seen))" "$(($(date +%s) - began))"
  fi
  sleep 1
done
[ ! -t 1 ] || printf '\r\033[K'
if ! wait "$job"; then
  tail -n 5 "$log" >&2
  stop "安装未完成；检查网络后再次运行同一命令，会接着安装（详见 $log）" \
    "not installed; see to the network and run the same command again: it goes on from here ($log)"
fi
$install --no-deps -e . >>"$log" 2>&1 || {
  tail -n 5 "$log" >&2
  stop "本项目未能安装（详见 $log）" "the project itself was not installed ($log)"
}
