"""How robust networks are: measures of "Computational Analysis of Robustness in Neural Network Classifiers".

The paper is by Bečková, Pócoš and Farkaš. All measures are taken of a *stack*: n networks of one shape, each
asked about inputs of its own by one call (`Logits`). None depends on who else is in the stack.

- `regimes`: which share of net values is linear, nonlinear, saturated (Sect. 3.1);
- `gradients`: dL/dx and G(x), from one backward pass for all measures below, and robustness against the fast
  gradient sign method (Sect. 3.2);
- `pixel_attack`: how few pixels fool a network (Sects. 3.3 and 4.2).

Functions of images take one batch and return tensors on its device; functions over all images take numpy
arrays.
"""
