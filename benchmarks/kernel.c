/* The same job in plain scalar C: one note after the other, one state machine, int64 throughout. */
#include <stdint.h>

enum { REPAID = 1, RATE, OVERDUE, CURED, STOPPED, SUBSIDISED };

static int64_t half_up(int64_t n, int64_t d) { return (2 * n + d) / (2 * d); }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* points: report and settlement days, ascending; settles[p]: a period begins on points[p];
 * asked[p]: points[p] is a report boundary. interest, subsidy: (n, k) row-major. */
void accrue(int64_t n, const int64_t *principal, const int32_t *disbursed, const int32_t *matures,
            const int32_t *rate_ppm, const int8_t *share_pct, const int64_t *subsidised_fen,
            const int32_t *benchmark, const int32_t *ceiling, const int32_t *floor_ppm,
            const int32_t *ends, const int8_t *day_count, const int64_t *offsets, const int32_t *on,
            const int8_t *kind, const int64_t *value, int64_t np, const int32_t *points,
            const int8_t *settles, const int8_t *asked, int64_t k, int64_t *interest,
            int64_t *subsidy)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t balance = principal[i], rate = rate_ppm[i], base_most = subsidised_fen[i];
        int64_t end = least(matures[i], ends[i]), e = offsets[i], last = offsets[i + 1];
        int64_t interest_denominator = 1000000LL * (day_count[i] == 1 ? 365 : 360);
        int64_t subsidy_denominator = interest_denominator * 100;
        int64_t num = 0, sub = 0, most = 0, paid_i = 0, paid_s = 0, row_i = 0, row_s = 0;
        int64_t t = disbursed[i], out = i * k, column = -1;
        int overdue = 0;
        for (int64_t p = 0; p < np; p++) {
            while (t < points[p]) {
                while (e < last && on[e] <= t) {
                    switch (kind[e]) {
                    case REPAID: balance -= value[e]; break;
                    case RATE: rate = value[e]; break;
                    case OVERDUE: overdue = 1; break;
                    case CURED: overdue = 0; break;
                    case STOPPED: end = least(end, on[e]); break;
                    case SUBSIDISED: base_most = value[e]; break;
                    }
                    e++;
                }
                int64_t stop = points[p];
                if (e < last) stop = least(stop, on[e]);
                if (t < end) stop = least(stop, end);
                int64_t level = balance * rate;
                num += level * (stop - t);
                if (t < end && !overdue) {
                    int64_t base = least(balance, base_most), follows = rate;
                    if (ceiling[i] >= 0) follows = least(follows, ceiling[i]);
                    follows -= floor_ppm[i];
                    if (follows < 0) follows = 0;
                    if (benchmark[i] >= 0) follows = benchmark[i];
                    sub += base * follows * share_pct[i] * (stop - t);
                    most += base * rate * (stop - t);
                }
                t = stop;
            }
            int64_t now_i = half_up(num, interest_denominator);
            int64_t now_s = half_up(sub, subsidy_denominator);
            if (benchmark[i] >= 0) now_s = least(now_s, half_up(most, interest_denominator));
            if (asked[p]) {
                if (column >= 0) {
                    interest[out + column] = paid_i + now_i - row_i;
                    subsidy[out + column] = paid_s + now_s - row_s;
                }
                column++;
                row_i = paid_i + now_i;
                row_s = paid_s + now_s;
            }
            if (settles[p]) {
                paid_i += now_i;
                paid_s += now_s;
                num = sub = most = 0;
            }
        }
    }
}
