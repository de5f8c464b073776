using CtfService.Core.Generation;
using CtfService.Model.Coarse;
using CtfService.Model.Tests.Support;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Coarse;

/// <summary>Greedy sequences of the reference, with and without guidance: exact.</summary>
public sealed class CoarseDecoderTests
{
    public static TheoryData<string, float> Runs
    {
        get
        {
            var runs = new TheoryData<string, float>();
            foreach (var name in GoldenModels.TransformerNames)
            {
                foreach (var scale in new[] { 1f, 1.5f, 4f })
                {
                    runs.Add(name, scale);
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Decode_Greedy_GivesReferenceSequence(string name, float guidanceScale)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        using var transformer = GoldenModels.Transformer(name);
        var decoder = new CoarseDecoder(transformer, CPU);
        var settings = new SamplingSettings(TopK: 1, GuidanceScale: guidanceScale);
        ImageSpecification[] batch = [.. golden.Read("greedy_class_ids").data<long>().Select(id => new ImageSpecification((int)id, 0, settings, settings))];

        var labels = decoder.Decode(batch, CancellationToken.None);

        TensorAssert.Equal(golden.Read(FormattableString.Invariant($"greedy_cfg{guidanceScale:0.0}"), int64), labels);
    }
}
