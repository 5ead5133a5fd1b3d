"""The HTTP API under /api/v1: one router per journey, request and answer schemas beside it."""

from fastapi import APIRouter

from app.api import (
    accounts,
    applications,
    assessments,
    candidates,
    cases,
    claims,
    clocks,
    decisions,
    disbursements,
    dunning,
    forecasts,
    forms,
    fund,
    health,
    hires,
    months,
    movements,
    notes,
    parties,
    payouts,
    prechecks,
    programme,
    registers,
    remittances,
    session,
    statistics,
    watch,
)


def routers() -> list[APIRouter]:
    """All routers, in the order in which the document shows them."""
    journeys = (
        session, programme, parties, fund, assessments, candidates, forms, applications, decisions,
        hires, clocks, disbursements, forecasts,
        notes, movements, dunning, payouts, watch, months, claims, prechecks, cases,
        registers, remittances, accounts, statistics,
    )  # fmt: skip
    return [
        health.router,
        session.open_router,
        *(module.journey.router for module in journeys),
    ]
