#compdef flowscope
# Completion of flowscope for zsh: source <(flowscope completion zsh), or this
# text as _flowscope in a directory of $fpath.
_flowscope() {
    local line
    local -a candidates
    for line in "${(@f)$(flowscope complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] && candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( $#candidates )); then
        _describe flowscope candidates
    else
        [[ $PREFIX == --*=* ]] && compset -P 1 '*='
        _files
    fi
}
if [[ $funcstack[1] == _flowscope ]]; then
    _flowscope "$@"
else
    compdef _flowscope flowscope
fi
