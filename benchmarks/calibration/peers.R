# The plain answer of R survey: what is in taken as a stratified sample with weights N_h / m_h.
suppressMessages(library(survey))
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
rows <- list()
for (night in unique(data$night)) {
  own <- data[data$night == night, ]
  design <- svydesign(ids = ~1, strata = ~stratum, fpc = ~size, data = own)
  found <- svyratio(~first, ~valid, design)
  normal <- confint(found)
  rows[[length(rows) + 1]] <- data.frame(night = night, theta = coef(found), se = SE(found)[1],
                                         low = normal[1], high = normal[2], df = degf(design))
}
write.csv(do.call(rbind, rows), arguments[2], row.names = FALSE)
