namespace CtfService.Core.Generation;

/// <summary>
/// How a label is drawn from its logits and the random stream of its image. Part of the provenance of an image: never change what a value means.
/// </summary>
public enum SamplingMethod
{
    /// <summary>
    /// Takes the largest logit plus Gumbel noise, which is different for each label (Gumbel 1954; Maddison, Tarlow and Minka 2014, "A* sampling"). Similar
    /// logits mostly give the same label, so drafted labels are often right.
    /// </summary>
    GumbelMax,

    /// <summary>Inverts the cumulative distribution at one uniform number: the method of version 0.2.0 and earlier, whose files name none.</summary>
    InverseCdf,
}
