using System.Numerics;
using CtfService.Model.Sampling.Vectors;

namespace CtfService.Model.Sampling;

/// <summary>The best label so far: the largest score, and the lowest label of several.</summary>
internal struct BestScore(int label, float score)
{
    public int Label { get; private set; } = label;

    public float Score { get; private set; } = score;

    /// <summary>Computes the scores of some labels, and keeps the best.</summary>
    /// <param name="first">The label of bit 0.</param>
    /// <param name="bits">A bit for each label to compare.</param>
    /// <param name="values">The scaled logits of the labels from <paramref name="first"/> on.</param>
    /// <param name="words">Their words.</param>
    public unsafe void Compare(int first, uint bits, float* values, uint* words)
    {
        for (; bits != 0; bits &= bits - 1)
        {
            var i = BitOperations.TrailingZeroCount(bits);
            if (values[i] + NoiseBound.Of(words[i]) < Score)
            {
                continue; // a label before it has raised the score
            }

            var score = values[i] + GumbelNoise.OfWord(words[i]);
            if (score > Score || (score == Score && first + i < Label))
            {
                (Label, Score) = (first + i, score);
            }
        }
    }
}
