using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Attention;
using CtfService.Model.Cpu.Products;
using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Passes;

/// <summary>
/// The blocks of the transformer over some rows (LlamaGen's GPT, as in <see cref="ClassConditionalTransformer"/>). Every thread of the team walks through the
/// same steps, takes its share of each and meets the others where one step needs all of another's results.
/// </summary>
internal abstract unsafe class TransformerPass<TVector, TSimd, TLayout, TElement> : ITeamWork, IDisposable
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TElement : struct, ICacheElement
{
    private readonly ThreadTeam _team;
    private readonly StepClock? _clock;
    private readonly SlotCache _cache;
    private readonly RotaryAngles _angles;
    private readonly float _queryScale;
    private readonly bool _keepsEveryLayer;

    /// <param name="slots">Sequences in the cache.</param>
    /// <param name="rows">Rows of one pass at most.</param>
    /// <param name="keepsEveryLayer">Whether later passes see this one's keys and values; otherwise one layer's room serves all.</param>
    protected TransformerPass(PassParts parts, int slots, int rows, bool keepsEveryLayer)
    {
        Config = parts.Config;
        _team = parts.Team;
        _clock = parts.Options.Clock;
        _keepsEveryLayer = keepsEveryLayer;
        _queryScale = 1 / MathF.Sqrt(Config.HeadWidth);
        _angles = new RotaryAngles(Config);
        _cache = new SlotCache(Config, keepsEveryLayer ? Config.Layers : 1, slots, TSimd.Lanes, TElement.Bytes);
        Weights = PackedTransformer.Pack<TLayout>(Config, parts.Weights, TSimd.Lanes);
        Activations = new Activations(Config, rows, _team.Threads, TSimd.Lanes);
        Rows = new PassRows(rows);
    }

    public PassRows Rows { get; }

    public long CacheBytes => _cache.Bytes;

    protected TransformerConfig Config { get; }

    protected PackedTransformer Weights { get; }

    /// <summary>The matrix behind the last block; null where there is none.</summary>
    protected abstract PackedMatrix? Last { get; }

    protected Activations Activations { get; }

    /// <summary>Runs the pass over <see cref="Rows"/> on all threads of the team.</summary>
    public void Run() => _team.Run(this);

    void ITeamWork.Run(int thread)
    {
        var share = new TeamShare(thread, _team.Threads);
        if (thread == 0)
        {
            _clock?.Start();
        }

        Embed(share);
        Meet(thread, StepPart.EmbeddingAndNorms);
        for (var layer = 0; layer < Weights.Layers.Count; layer++)
        {
            RunBlock(layer, share);
        }

        Finish(share);
        Meet(thread, StepPart.Head);
    }

    public virtual void Dispose()
    {
        Weights.Dispose();
        Activations.Dispose();
        _cache.Dispose();
        _angles.Dispose();
    }

    /// <summary>What follows the last block.</summary>
    protected abstract void Finish(TeamShare share);

    /// <summary>RMSNorm's 1 / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019, eq. 4) of rows first to end - 1, into the thread's own array.</summary>
    protected void ComputeRowFactors(int thread, int first, int end)
    {
        var factors = Activations.RowFactors(thread);
        for (var row = first; row < end; row++)
        {
            var squares = SumOfSquares(Activations.Hidden + (row * Activations.WidthStride), Config.Width);
            factors[row] = 1 / MathF.Sqrt((squares / Config.Width) + Config.NormEpsilon);
        }

        Mark(thread, StepPart.EmbeddingAndNorms);
    }

    private void RunBlock(int layer, TeamShare share)
    {
        var weights = Weights.Layers[layer];
        var a = Activations;
        var factors = a.RowFactors(share.Thread);

        ComputeRowFactors(share.Thread, 0, Rows.Count);
        Multiply(weights.QueryKeyValue, a.Hidden, a.WidthStride, new NormalizedStore<TVector, TSimd>(a.QueryKeyValue, a.QueryKeyValueStride, factors), share);
        FetchAhead(weights.AttentionOutput, share);
        Meet(share.Thread, StepPart.QueryKeyValue);
        if (!_keepsEveryLayer)
        {
            RememberAll(share); // every row of an image sees all its keys
            Meet(share.Thread, StepPart.Attention);
        }

        Attend(_keepsEveryLayer ? layer : 0, share);
        Meet(share.Thread, StepPart.Attention);
        Multiply(weights.AttentionOutput, a.Attended, a.WidthStride, new AddingStore<TVector, TSimd>(a.Hidden, a.WidthStride), share);
        FetchAhead(weights.GateUp, share);
        Meet(share.Thread, StepPart.AttentionOutput);

        ComputeRowFactors(share.Thread, 0, Rows.Count);
        Multiply(weights.GateUp, a.Hidden, a.WidthStride, new SwiGluStore<TVector, TSimd>(a.Gated, a.InnerStride, factors), share);
        FetchAhead(weights.Down, share);
        Meet(share.Thread, StepPart.GateUp);
        Multiply(weights.Down, a.Gated, a.InnerStride, new AddingStore<TVector, TSimd>(a.Hidden, a.WidthStride), share);
        FetchAhead(layer + 1 < Weights.Layers.Count ? Weights.Layers[layer + 1].QueryKeyValue : Last, share);
        Meet(share.Thread, StepPart.Down);
    }

    private void Multiply<TStore>(PackedMatrix matrix, float* input, long stride, TStore store, TeamShare share)
        where TStore : struct, IProductStore<TVector> =>
        Product<TVector, TSimd, TLayout>.Multiply(matrix, input, stride, Rows.Count, store, share);

    /// <summary>Keeps the memory busy while the threads wait for each other: the first weights of the next product are on their way when it begins.</summary>
    private static void FetchAhead(PackedMatrix? next, TeamShare share)
    {
        if (next is not null)
        {
            Product<TVector, TSimd, TLayout>.FetchFirst(next, share);
        }
    }

    /// <summary>Copies the input's vector to each row of the residual stream.</summary>
    private void Embed(TeamShare share)
    {
        var (first, end) = share.Of(Rows.Count);
        for (var row = first; row < end; row++)
        {
            var table = Rows.Positions[row] == 0 ? Weights.Classes : Weights.Labels;
            var vector = new ReadOnlySpan<float>(table.Floats + ((long)Rows.Inputs[row] * Config.Width), Config.Width);
            vector.CopyTo(new Span<float>(Activations.Hidden + (row * Activations.WidthStride), Config.Width));
        }
    }

    /// <summary>Over whole vectors: what lies behind the width is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfSquares(float* values, int count)
    {
        TVector sum = default;
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var value = TSimd.Load(values + i);
            sum = TSimd.MultiplyAdd(value, value, sum);
        }

        return TSimd.Sum(sum);
    }

    /// <summary>Puts the keys and values of all rows into the cache.</summary>
    private void RememberAll(TeamShare share)
    {
        for (var task = share.Thread; task < Rows.Count * Config.Heads; task += share.Threads)
        {
            RotateAndRemember(HeadOf(task, layer: 0));
        }
    }

    /// <summary>One head of one row after another, dealt out to the threads in turn: neighbours cost the same.</summary>
    private void Attend(int layer, TeamShare share)
    {
        float* scores = Activations.Scores(share.Thread), result = Activations.HeadResult(share.Thread);
        var tasks = Rows.Count * Config.Heads;
        for (var task = share.Thread; task < tasks; task += share.Threads)
        {
            var head = HeadOf(task, layer);
            var next = HeadOf(Math.Min(task + share.Threads, tasks - 1), layer);
            if (_keepsEveryLayer)
            {
                RotateAndRemember(head); // a row sees its own sequence alone, so nobody else waits for its key
                HeadRotation<TVector, TSimd, TElement>.PrepareToRemember(Config.HeadWidth, _cache, next.Keys, next.Values, Rows.Positions[next.Row]);
            }

            AttentionKernel<TVector, TSimd, TElement>.Attend(
                head.Query, head.Keys, head.Values, Rows.Visible[head.Row], Config.HeadWidth, _cache, scores, result, next.Keys);
            new ReadOnlySpan<float>(result, Config.HeadWidth).CopyTo(new Span<float>(head.Target, Config.HeadWidth));
        }
    }

    /// <summary>Rotates a head's query and key to their position and puts key and value into the cache.</summary>
    private void RotateAndRemember(in Head head)
    {
        var position = Rows.Positions[head.Row];
        float* cosines = _angles.Cosines(position), sines = _angles.Sines(position);
        float* key = head.Query + Config.Width, value = key + Config.Width;
        HeadRotation<TVector, TSimd, TElement>.Rotate(head.Query, Config.HeadWidth, cosines, sines, _queryScale);
        HeadRotation<TVector, TSimd, TElement>.Rotate(key, Config.HeadWidth, cosines, sines, scale: 1);
        HeadRotation<TVector, TSimd, TElement>.Remember(key, value, Config.HeadWidth, _cache, head.Keys, head.Values, position);
    }

    /// <summary>The head of a row that is an attention task's subject: rows one after another, heads within them.</summary>
    private Head HeadOf(int task, int layer)
    {
        var (row, head) = Math.DivRem(task, Config.Heads);
        var feature = head * Config.HeadWidth;
        return new Head
        {
            Row = row,
            Query = Activations.QueryKeyValue + (row * Activations.QueryKeyValueStride) + feature,
            Keys = _cache.Keys(layer, Rows.Slots[row], head),
            Values = _cache.Values(layer, Rows.Slots[row], head),
            Target = Activations.Attended + (row * Activations.WidthStride) + feature,
        };
    }

    /// <summary>Ends a part of the step for all threads.</summary>
    private void Meet(int thread, StepPart part)
    {
        Mark(thread, part);
        _team.Meet();
        Mark(thread, StepPart.Barriers);
    }

    private void Mark(int thread, StepPart part)
    {
        if (thread == 0)
        {
            _clock?.Mark(part);
        }
    }

    /// <summary>Where one head of one row has its numbers; key and value follow the query at distances of D.</summary>
    private struct Head
    {
        public int Row;
        public float* Query;
        public byte* Keys;
        public byte* Values;
        public float* Target;
    }
}

/// <summary>What every pass is made of.</summary>
internal sealed record PassParts(TransformerConfig Config, WeightSource Weights, ThreadTeam Team, CpuEngineOptions Options);
