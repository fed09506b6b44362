# Completion of flowscope for fish: flowscope completion fish | source
function __flowscope_candidates
    set -l words (commandline -opc) (commandline -ct)
    flowscope complete -- $words[2..-1] 2>/dev/null
end
complete -c flowscope -e
complete -c flowscope -n 'test -n "$(__flowscope_candidates)"' -f -a '(__flowscope_candidates)'
