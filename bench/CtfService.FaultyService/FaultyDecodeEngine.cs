using CtfService.Model.Engines;
using CtfService.Model.Transformer;

namespace CtfService.FaultyService;

/// <summary>Injects the faults of decode steps.</summary>
internal sealed class FaultyDecodeEngine(IDecodeEngine engine, FaultBoard board) : IDecodeEngine
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private bool _failsAgain;

    public TransformerConfig Config => engine.Config;

    public int Capacity => engine.Capacity;

    public void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
    {
        Hang();
        if (board.Take(FaultKind.OomCoarse) || (HasWindow(rows) && board.Take(FaultKind.OomWindow)))
        {
            throw FaultyParts.OutOfMemory("a decode step");
        }

        if (_failsAgain || board.Take(FaultKind.NativeOnce))
        {
            _failsAgain = false;
            throw FaultyParts.Native();
        }

        if (board.Take(FaultKind.NativeTwice))
        {
            _failsAgain = true;
            throw FaultyParts.Native();
        }

        engine.DecodeStep(rows, logits);
        if (board.Take(FaultKind.NanCoarse))
        {
            logits[5] = float.NaN; // of the first row
        }

        if (board.Take(FaultKind.InfCoarse))
        {
            logits[7] = float.PositiveInfinity;
        }
    }

    public void Dispose() => engine.Dispose();

    private void Hang()
    {
        if (board.Take(FaultKind.HangOne))
        {
            using var forever = new ManualResetEventSlim();
            forever.Wait(); // nothing sets it: the process has to end
        }

        if (board.Take(FaultKind.Hang))
        {
            board.Arm(FaultKind.Hang, 1);
            using var never = new ManualResetEventSlim();
            while (board.IsArmed(FaultKind.Hang))
            {
                never.Wait(Poll);
            }
        }
    }

    private static bool HasWindow(ReadOnlySpan<DecodeRow> rows)
    {
        for (var i = 1; i < rows.Length; i++)
        {
            if (rows[i].Slot == rows[i - 1].Slot)
            {
                return true;
            }
        }

        return false;
    }
}
