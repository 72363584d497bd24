/* The passes of a sweep of alternating least squares (`sweep.py`), called by `parallel.py`, one thread a call.

   Each kernel gets a struct of its name, whose fields `compiled.py` reads from here. All arrays are in C order, rows
   have RANK numbers. `cursor` is shared by the threads: each takes parts until none is left. Rows belong to one thread
   and sums to one part, so the result does not depend on the number of threads. */

#include "lanes.h"

/* How many non-zeros ahead the fixed side is prefetched; 8 to 16 measured the same, 0 takes twice as long. */
#define AHEAD 12
/* Rows whose products are summed in the factors' own precision before they are added in double. */
#define SHORT_SUM 256

typedef struct {
    const int64_t *starts; /* (rows + 1,) the non-zeros of each row of x: */
    const int32_t *columns;
    const real *values;
    int64_t nonzeros;
    real *x;             /* (rows, RANK) */
    const real *y;       /* (columns, RANK), transformed by inv(L)' already */
    const real *into;    /* L */
    const real *back;    /* inv(L) */
    const real *extra;   /* (rows,) each row's lambda beyond the one in L */
    const real *inverse; /* inv(L) inv(L)' */
    double alpha;
    int64_t steps;
    const int64_t *bounds; /* (parts + 1,) the rows of each part */
    double *sums;          /* (parts,) */
    int64_t parts;
    int64_t *cursor;
} Solve;

typedef struct {
    const real *y; /* (rows, RANK) */
    int64_t rows;
    double *sums; /* (parts, RANK, RANK) */
    int64_t parts;
    int64_t *cursor;
    real *room; /* the thread's own: (RANK + 4, RANK), zeros */
} Gram;

typedef struct {
    real *y; /* (rows, RANK) */
    int64_t rows;
    const real *matrix; /* (RANK, RANK) */
    int64_t parts;
    int64_t *cursor;
} Transform;

typedef struct {
    const double *system; /* all (RANK, RANK), the results zeros */
    double *lower;
    double *upper_inverse;
} Factorize;

typedef struct {
    const int64_t *starts; /* as in Solve */
    const int32_t *columns;
    const real *values;
    const real *x;
    const real *y;
    double alpha;
    const int64_t *bounds;
    double *sums;
    int64_t parts;
    int64_t *cursor;
} Observed;

/* Four of a row's non-zeros: their rows of y, alpha times their values, and 1; past the row's end 0 for both. */
typedef struct {
    const real *row[4];
    Quad weight, live;
} Four;

static inline Four four_from(const Solve *given, int64_t at, int64_t end, real alpha) {
    int64_t left = end - at < 4 ? end - at : 4;
    const int32_t *columns = given->columns + at;
    const real *values = given->values + at;
    int32_t last_columns[4] = {0};
    real last_values[4] = {0};
    Four four = {.live = {1, left > 1, left > 2, left > 3}};
    if (left < 4) {
        for (int64_t i = 0; i < left; i++) last_columns[i] = columns[i], last_values[i] = values[i];
        columns = last_columns, values = last_values;
    }
    EACH(i, 4) four.row[i] = given->y + (int64_t)columns[i] * RANK;
    four.weight = (Quad){values[0], values[1], values[2], values[3]} * alpha;
    return four;
}

/* Inlined before a compiler finds that it computes nothing. */
static inline __attribute__((always_inline)) void fetch_ahead(const Solve *given, int64_t at) {
    EACH(i, 4) {
        int64_t next = at + AHEAD + i < given->nonzeros ? at + AHEAD + i : 0;
        const char *row = (const char *)(given->y + (int64_t)given->columns[next] * RANK);
        for (int offset = 0; offset < RANK * (int)sizeof(real); offset += CACHE_LINE) __builtin_prefetch(row + offset);
    }
}

static inline Quad dots(const Four *four, const real *own) {
    Quad folds[4];
    EACH(i, 4) folds[i] = folded(products(four->row[i], own));
    return four_sums(folds[0], folds[1], folds[2], folds[3]);
}

static inline void add_scaled(Lanes *sums, real scale, const real *row) {
    EACH(k, VECTORS) sums[k] += spread(scale) * load(row + LANES * k);
}

/* out = row + scale * other; `out` may be either. */
static inline void combine(real *out, const real *row, real scale, const real *other) {
    EACH(k, VECTORS) store(out + LANES * k, load(row + LANES * k) + spread(scale) * load(other + LANES * k));
}

/* out = row @ matrix; not in place. */
static inline void transform_row(const real *row, const real *matrix, real *out) {
    for (int first = 0; first < VECTORS; first += TILE) {
        Lanes sums[TILE];
        int count = VECTORS - first < TILE ? VECTORS - first : TILE;
        EACH(k, TILE) sums[k] = spread(0);
        for (int i = 0; i < RANK; i++)
            EACH(k, TILE) if (k < count) sums[k] += spread(row[i]) * load(matrix + i * RANK + LANES * (first + k));
        EACH(k, TILE) if (k < count) store(out + LANES * (first + k), sums[k]);
    }
}

/* right = sum (1 + w) y and residual = right - own - sum w (y.own) y over a row's non-zeros, w = alpha v. */
static void right_side_and_residual(const Solve *given, int64_t u, const real *own, real *right, real *residual) {
    Lanes wanted[VECTORS], explained[VECTORS];
    EACH(k, VECTORS) wanted[k] = explained[k] = spread(0);
    for (int64_t at = given->starts[u]; at < given->starts[u + 1]; at += 4) {
        Four four = four_from(given, at, given->starts[u + 1], (real)given->alpha);
        fetch_ahead(given, at);
        Quad confidence = four.live + four.weight, part = four.weight * dots(&four, own);
        EACH(i, 4) {
            add_scaled(wanted, confidence[i], four.row[i]);
            add_scaled(explained, part[i], four.row[i]);
        }
    }
    EACH(k, VECTORS) {
        store(right + LANES * k, wanted[k]);
        store(residual + LANES * k, wanted[k] - load(own + LANES * k) - explained[k]);
    }
}

/* product = direction + sum w (y.direction) y over a row's non-zeros. */
static void system_times(const Solve *given, int64_t u, const real *direction, real *product) {
    Lanes sums[VECTORS];
    EACH(k, VECTORS) sums[k] = load(direction + LANES * k);
    for (int64_t at = given->starts[u]; at < given->starts[u + 1]; at += 4) {
        Four four = four_from(given, at, given->starts[u + 1], (real)given->alpha);
        Quad part = four.weight * dots(&four, direction);
        EACH(i, 4) add_scaled(sums, part[i], four.row[i]);
    }
    EACH(k, VECTORS) store(product + LANES * k, sums[k]);
}

/* Improves row u of x by steps of conjugate gradients; returns x . (right side + residual). */
static double solve_row(const Solve *given, int64_t u) {
    real own[RANK], right[RANK], residual[RANK], direction[RANK], product[RANK], shift[RANK];
    real *x = given->x + u * RANK, extra = given->extra[u];
    transform_row(x, given->into, own);
    right_side_and_residual(given, u, own, right, residual);
    if (extra != 0) {
        transform_row(own, given->inverse, shift);
        combine(residual, residual, -extra, shift);
    }
    memcpy(direction, residual, sizeof direction);
    real norm = dot(residual, residual);
    for (int64_t step = 0; step < given->steps && !(norm < (real)1e-20); step++) {
        system_times(given, u, direction, product);
        if (extra != 0) {
            transform_row(direction, given->inverse, shift);
            combine(product, product, extra, shift);
        }
        real length = norm / dot(direction, product);
        combine(own, own, length, direction);
        combine(residual, residual, -length, product);
        real after = dot(residual, residual);
        combine(direction, residual, after / norm, direction);
        norm = after;
    }
    transform_row(own, given->back, x);
    return (double)dot(own, right) + (double)dot(own, residual);
}

/* Improves each row of x; a row without non-zeros becomes 0. */
void solve(const Solve *given) {
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;) {
        double total = 0;
        for (int64_t u = given->bounds[part]; u < given->bounds[part + 1]; u++) {
            if (given->starts[u] < given->starts[u + 1])
                total += solve_row(given, u);
            else
                memset(given->x + u * RANK, 0, RANK * sizeof(real));
        }
        given->sums[part] = total;
    }
}

/* block += the sum of row' row over four rows. */
static void add_outer_products(const real *rows, real *block) {
    Lanes loaded[4][VECTORS];
    EACH(i, 4) EACH(k, VECTORS) loaded[i][k] = load(rows + i * RANK + LANES * k);
    for (int a = 0; a < RANK; a++) {
        Lanes own[4];
        EACH(i, 4) own[i] = spread(rows[i * RANK + a]);
        EACH(k, VECTORS) {
            Lanes sums = load(block + a * RANK + LANES * k);
            EACH(i, 4) sums += own[i] * loaded[i][k];
            store(block + a * RANK + LANES * k, sums);
        }
    }
}

/* Adds the outer products of the rows from `first` to `last` - 1 to the sums of a part. */
static void add_gram(const Gram *given, int64_t first, int64_t last, double *sums) {
    real *block = given->room, *padded = given->room + RANK * RANK;
    int64_t i = first;
    for (; i + 4 <= last; i += 4) add_outer_products(given->y + i * RANK, block);
    if (i < last) {
        memset(padded, 0, 4 * RANK * sizeof(real));
        memcpy(padded, given->y + i * RANK, (size_t)(last - i) * RANK * sizeof(real));
        add_outer_products(padded, block);
    }
    for (int k = 0; k < RANK * RANK; k++) sums[k] += block[k];
    memset(block, 0, RANK * RANK * sizeof(real));
}

/* y'y, in parts. */
void gram(const Gram *given) {
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;) {
        int64_t last = (part + 1) * given->rows / given->parts;
        for (int64_t i = part * given->rows / given->parts; i < last; i += SHORT_SUM)
            add_gram(given, i, i + SHORT_SUM < last ? i + SHORT_SUM : last, given->sums + part * RANK * RANK);
    }
}

/* y @ matrix, in place. */
void transform(const Transform *given) {
    real row[RANK];
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;)
        for (int64_t i = part * given->rows / given->parts; i < (part + 1) * given->rows / given->parts; i++) {
            memcpy(row, given->y + i * RANK, sizeof row);
            transform_row(row, given->matrix, given->y + i * RANK);
        }
}

/* L and inv(L)' with L L' = system. */
void factorize(const Factorize *given) {
    const double *system = given->system;
    double *lower = given->lower, *upper_inverse = given->upper_inverse;
    for (int i = 0; i < RANK; i++)
        for (int j = 0; j <= i; j++) {
            double rest = system[i * RANK + j];
            for (int k = 0; k < j; k++) rest -= lower[i * RANK + k] * lower[j * RANK + k];
            lower[i * RANK + j] = i == j ? __builtin_sqrt(rest) : rest / lower[j * RANK + j];
        }
    for (int j = 0; j < RANK; j++) {
        upper_inverse[j * RANK + j] = 1 / lower[j * RANK + j];
        for (int i = j + 1; i < RANK; i++) {
            double rest = 0;
            for (int k = j; k < i; k++) rest -= lower[i * RANK + k] * upper_inverse[j * RANK + k];
            upper_inverse[j * RANK + i] = rest / lower[i * RANK + i];
        }
    }
}

/* The non-zeros' part of the loss beyond every cell at c = 1, r = 0: sum of c (1 - x.y)^2 - (x.y)^2. */
void observed(const Observed *given) {
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;) {
        double total = 0;
        for (int64_t u = given->bounds[part]; u < given->bounds[part + 1]; u++)
            for (int64_t at = given->starts[u]; at < given->starts[u + 1]; at++) {
                double score = dot(given->x + u * RANK, given->y + (int64_t)given->columns[at] * RANK);
                total += (1 + given->alpha * given->values[at]) * (1 - score) * (1 - score) - score * score;
            }
        given->sums[part] = total;
    }
}
