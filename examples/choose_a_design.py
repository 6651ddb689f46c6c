"""Which of four designs of 200 stations says the most of the demo election, and what does each cost in villages?"""

import estimation as qc

contest = qc.open("demo")
designs = {
    "simple": {"method": "simple", "strata": ""},
    "by district": {"method": "stratified", "strata": "district"},
    "spread on the map": {"method": "pivotal"},
    "two stages": {"method": "two-stage", "strata": "", "per_cluster": 2},
}
table = qc.compare_designs(contest, designs, n=200, replicates=200)
lead = table[table["quantity"] == "lead"].set_index("design")
print(lead[["true_se", "mean_se", "coverage", "right_leader", "villages"]].round(4).to_string())
