# Nothing is built to plan.
