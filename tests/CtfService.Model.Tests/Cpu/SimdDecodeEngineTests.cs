using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Cpu;

public sealed class SimdDecodeEngineTests
{
    public static TheoryData<VectorWidth> Widths => EngineModels.Widths;

    public static TheoryData<VectorWidth, WeightFormat> WidthsAndFormats
    {
        get
        {
            var all = new TheoryData<VectorWidth, WeightFormat>();
            foreach (var width in EngineModels.Widths)
            {
                foreach (var format in Enum.GetValues<WeightFormat>())
                {
                    all.Add(width, format);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void DecodeStep_EveryPosition_EqualsFullPassOfTorch(VectorWidth width)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        using var engine = EngineModels.Engine(transformer, pool, 15, width);
        var positions = transformer.Config.Positions;
        var classIds = arange(15, int64).remainder(4);
        var labels = EngineModels.Labels(transformer.Config, 15);

        var steps = EngineModels.StepThrough(engine, classIds, labels, 1 + positions);

        TensorAssert.Close(transformer.call(classIds, labels), steps, 2e-5);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void DecodeStep_GivenFeedForwardWidth_EqualsFullPassOfTorch(VectorWidth width)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var transformer = EngineModels.Random(EngineModels.Config() with { GivenFeedForwardWidth = 101 });
        using var pool = new ComputeThreadPool(2);
        using var engine = EngineModels.Engine(transformer, pool, 2, width);
        var (classIds, labels) = (arange(2, int64), EngineModels.Labels(transformer.Config, 2));

        var steps = EngineModels.StepThrough(engine, classIds, labels, steps: 10);

        TensorAssert.Close(transformer.call(classIds, labels).narrow(1, 0, 10), steps, 2e-5);
    }

    [Theory]
    [MemberData(nameof(WidthsAndFormats))]
    public void DecodeStep_RowInAnyBatch_IsBitwiseIdentical(VectorWidth width, WeightFormat format)
    {
        const int Capacity = 35; // register tiles of 8 (several), 4, 2 and 1 rows
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        using var single = new ComputeThreadPool(1);
        using var alone = EngineModels.Engine(transformer, single, 1, width, format);
        using var engine = EngineModels.Engine(transformer, pool, Capacity, width, format);
        var sequences = Enumerable.Range(0, Capacity).Select(slot => Decode(alone, ClassOf(slot), slot)).ToArray();
        var position = new int[Capacity];
        var random = new Random(3);

        for (var step = 0; step < 150; step++)
        {
            var rows = Enumerable.Range(0, Capacity).OrderBy(_ => random.Next()).Take(random.Next(1, Capacity + 1))
                .Select(slot => new DecodeRow(slot, position[slot], Input(sequences[slot], ClassOf(slot), position[slot]))).ToArray();
            var logits = new float[rows.Length * engine.Config.OutputVocabulary];
            engine.DecodeStep(rows, logits);
            for (var row = 0; row < rows.Length; row++)
            {
                var (slot, at) = (rows[row].Slot, rows[row].Position);
                Assert.True(
                    sequences[slot].Logits[at].AsSpan().SequenceEqual(logits.AsSpan(row * engine.Config.OutputVocabulary, engine.Config.OutputVocabulary)),
                    $"step {step}: row {row} of {rows.Length}, slot {slot}, position {at}");
                position[slot] = (at + 1) % engine.Config.Positions;
            }
        }
    }

    [Theory]
    [InlineData(WeightFormat.Float32)]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    public void DecodeStep_AnyWidth_IsBitwiseIdentical(WeightFormat format)
    {
        using var scope = NewDisposeScope();
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        var (classIds, labels) = (arange(5, int64).remainder(4), EngineModels.Labels(transformer.Config, 5));
        var logits = VectorWidths.All.Where(VectorWidths.IsSupported).Select(width =>
        {
            using var engine = EngineModels.Engine(transformer, pool, 5, width, format);
            return EngineModels.StepThrough(engine, classIds, labels, transformer.Config.Positions);
        }).ToList();

        Assert.All(logits, other => TensorAssert.Equal(logits[0], other));
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16, 0.03, null)]
    [InlineData(WeightFormat.BFloat16, 0.03, 101)]
    [InlineData(WeightFormat.Int8, 0.1, null)]
    [InlineData(WeightFormat.Int8, 0.1, 101)]
    public void DecodeStep_SmallerWeights_AreCloseToFloat32(WeightFormat format, double bound, int? feedForwardWidth)
    {
        using var scope = NewDisposeScope();
        using var transformer = EngineModels.Random(EngineModels.Config() with { GivenFeedForwardWidth = feedForwardWidth });
        using var pool = new ComputeThreadPool(1);
        using var exact = EngineModels.Engine(transformer, pool, 8);
        using var small = EngineModels.Engine(transformer, pool, 8, format: format);
        var classIds = arange(8, int64).remainder(4);
        var labels = EngineModels.Labels(transformer.Config, 8);

        var expected = EngineModels.StepThrough(exact, classIds, labels, transformer.Config.Positions);
        var actual = EngineModels.StepThrough(small, classIds, labels, transformer.Config.Positions);

        TensorAssert.Close(expected, actual, bound);
    }

    [Fact]
    public void DecodeStep_Repeated_AllocatesNothing()
    {
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        using var engine = EngineModels.Engine(transformer, pool, 4);
        var logits = new float[4 * engine.Config.OutputVocabulary];
        var rows = new DecodeRow[4];
        Step(0);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var position = 0; position < engine.Config.Positions; position++)
        {
            Step(position);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Step(int position)
        {
            for (var slot = 0; slot < rows.Length; slot++)
            {
                rows[slot] = new DecodeRow(slot, position, Input: 1);
            }

            engine.DecodeStep(rows, logits);
        }
    }

    [Theory]
    [InlineData(4, 0, 0, "Slot 4")]
    [InlineData(0, 1, 0, "Position 1")]
    [InlineData(0, -1, 0, "Position -1")]
    [InlineData(0, 0, 4, "Input 4")]
    public void DecodeStep_RowOutOfRange_ThrowsWithItsName(int slot, int position, int input, string expected)
    {
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(1);
        using var engine = EngineModels.Engine(transformer, pool, 4);

        var error = Assert.Throws<ArgumentException>(
            () => engine.DecodeStep([new DecodeRow(slot, position, input)], new float[engine.Config.OutputVocabulary]));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WidthsAndFormats))]
    public void DecodeStep_SeveralPositionsOfASlotAtOnce_AreBitwiseThoseOfSingleSteps(VectorWidth width, WeightFormat format)
    {
        const int Slots = 5;
        const int Capacity = 40;
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        using var single = new ComputeThreadPool(1);
        using var alone = EngineModels.Engine(transformer, single, 1, width, format);
        using var engine = EngineModels.Engine(transformer, pool, Capacity, width, format);
        var sequences = Enumerable.Range(0, Slots).Select(slot => Decode(alone, ClassOf(slot), slot)).ToArray();
        var position = new int[Slots];
        var random = new Random(4);

        for (var step = 0; step < 100; step++)
        {
            DecodeRow[] rows = [.. Enumerable.Range(0, Slots).OrderBy(_ => random.Next()).Take(random.Next(1, Slots + 1)).SelectMany(Run)];
            var logits = new float[rows.Length * engine.Config.OutputVocabulary];
            engine.DecodeStep(rows, logits);
            for (var row = 0; row < rows.Length; row++)
            {
                var (slot, at) = (rows[row].Slot, rows[row].Position);
                Assert.True(
                    sequences[slot].Logits[at].AsSpan().SequenceEqual(logits.AsSpan(row * engine.Config.OutputVocabulary, engine.Config.OutputVocabulary)),
                    $"step {step}: row {row} of {rows.Length}, slot {slot}, position {at}");
                position[slot] = (at + 1) % engine.Config.Positions;
            }
        }

        IEnumerable<DecodeRow> Run(int slot) => Enumerable
            .Range(position[slot], Math.Min(random.Next(1, (Capacity / Slots) + 1), engine.Config.Positions - position[slot]))
            .Select(at => new DecodeRow(slot, at, Input(sequences[slot], ClassOf(slot), at))).ToList();
    }

    [Theory]
    [InlineData(0, 0, "position 0 after 0")]
    [InlineData(0, 2, "position 2 after 0")]
    [InlineData(1, 2, "Position 1")]
    public void DecodeStep_PositionsOfASlotThatDoNotFollow_Throws(int first, int second, string expected)
    {
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(1);
        using var engine = EngineModels.Engine(transformer, pool, 4);

        var error = Assert.Throws<ArgumentException>(
            () => engine.DecodeStep([new DecodeRow(1, first, 0), new DecodeRow(1, second, 0)], new float[2 * engine.Config.OutputVocabulary]));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static int ClassOf(int slot) => slot % 4;

    private static int Input(Sequence sequence, int classId, int position) => position == 0 ? classId : sequence.Labels[position - 1];

    /// <summary>Decodes a sequence of labels that depends on the slot alone, and returns the logits of each step.</summary>
    private static Sequence Decode(SimdDecodeEngine engine, int classId, int slot)
    {
        var labels = Enumerable.Range(0, engine.Config.Positions).Select(cell => ((slot * 7) + (cell * 5)) % engine.Config.InputVocabulary).ToArray();
        var sequence = new Sequence(labels, []);
        for (var position = 0; position < engine.Config.Positions; position++)
        {
            var logits = new float[engine.Config.OutputVocabulary];
            engine.DecodeStep([new DecodeRow(0, position, Input(sequence, classId, position))], logits);
            sequence.Logits.Add(logits);
        }

        return sequence;
    }

    private sealed record Sequence(int[] Labels, List<float[]> Logits);
}
