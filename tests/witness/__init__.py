"""An independent witness: what the package computes, computed again by joint enumeration from the formulas alone.

Everything in this folder but `bridge.py` imports numpy, scipy and mpmath, and nothing of the package: what is wrong in both must have
been thought wrongly twice.  It is slow and takes tiny networks only.

    noise, loss, network    what a network is, in plain arrays
    enumeration             all joint states of one data point, and how rows become a mean and a variance
    gradient                the exact gradient, by the likelihood-ratio identity
    chain, soft, atom       chain estimators: hard factors; factors with a noise of their own; states between the states
    score, pair, flip       REINFORCE; two rollouts with common uniforms; one unit changed at a time
    estimator               name -> (mean, variance) of a row
    precise, careful        the truth under saturation, with 300 digits; what float64 can keep of it, by sums of differences
    case                    the networks on which numbers were once wrong, written out, and their right values
    bridge                  the only file that knows the package

Shapes: s joint states, d parameters (layer by layer, W row by row, then b), b data points, o and i units above and below.
"""
