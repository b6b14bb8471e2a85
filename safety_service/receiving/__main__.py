"""`python -m safety_service.receiving`: started by the parent, never by hand."""

from safety_service.receiving.child import main

main()
