using System.Globalization;
using System.Text.RegularExpressions;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Cpu;

/// <summary>Compares the engine with the golden values of the reference, at every vector width that the machine supports.</summary>
public sealed class SimdDecodeEngineGoldenTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<string, VectorWidth> Runs
    {
        get
        {
            var runs = new TheoryData<string, VectorWidth>();
            foreach (var name in GoldenModels.TransformerNames)
            {
                foreach (var width in EngineModels.Widths)
                {
                    runs.Add(name, width);
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void DecodeStep_GoldenLabels_GivesReferenceLogits(string name, VectorWidth width)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        using var transformer = GoldenModels.Transformer(name);
        using var pool = new ComputeThreadPool(2);
        var classIds = golden.Read("class_ids");
        var labels = golden.Read("token_ids");
        using var engine = EngineModels.Engine(transformer, pool, (int)classIds.shape[0], width);
        var positions = transformer.Config.Positions;

        var conditional = EngineModels.StepThrough(engine, classIds, labels, positions);
        var unconditional = EngineModels.StepThrough(engine, full_like(classIds, transformer.Config.NullClass), labels, positions);

        TensorAssert.Close(golden.Read("step_logits"), conditional, Tolerance, "step_logits");
        TensorAssert.Close(golden.Read("cfg_uncond_logits"), unconditional, Tolerance, "cfg_uncond_logits");
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void DecodeStep_Greedy_GivesReferenceSequence(string name, VectorWidth width)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        using var transformer = GoldenModels.Transformer(name);
        using var pool = new ComputeThreadPool(2);
        var classes = golden.Read("greedy_class_ids").data<long>().ToArray();
        using var engine = EngineModels.Engine(transformer, pool, 2 * classes.Length, width);

        var runs = golden.Entries.Select(entry => Regex.Match(entry.Name, @"^greedy_cfg([0-9.]+)$")).Where(match => match.Success).ToList();
        Assert.NotEmpty(runs);
        foreach (var run in runs)
        {
            var expected = golden.Read(run.Value, int64).flatten().data<long>().Select(label => (int)label).ToArray();

            Assert.Equal(expected, Greedy(engine, classes, float.Parse(run.Groups[1].Value, CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>Returns the most likely labels after guidance, uncond + scale * (cond - uncond): [B, T], flat. Null-class rows follow the others.</summary>
    private static int[] Greedy(SimdDecodeEngine engine, long[] classes, float scale)
    {
        var (images, vocabulary) = (classes.Length, engine.Config.OutputVocabulary);
        var labels = new int[images * engine.Config.Positions];
        var logits = new float[2 * images * vocabulary];
        for (var position = 0; position < engine.Config.Positions; position++)
        {
            var rows = Enumerable.Range(0, 2 * images).Select(row => new DecodeRow(row, position, Input(row, position))).ToArray();
            engine.DecodeStep(rows, logits);
            for (var image = 0; image < images; image++)
            {
                var best = Enumerable.Range(0, vocabulary).MaxBy(label => Guided(image, label));
                labels[(image * engine.Config.Positions) + position] = best;
            }
        }

        return labels;

        int Input(int row, int position) => position > 0
            ? labels[(row % images * engine.Config.Positions) + position - 1]
            : row < images ? (int)classes[row] : engine.Config.NullClass;

        float Guided(int image, int label)
        {
            var (conditional, unconditional) = (logits[(image * vocabulary) + label], logits[((images + image) * vocabulary) + label]);
            return unconditional + (scale * (conditional - unconditional));
        }
    }
}
