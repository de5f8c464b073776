using System.CommandLine;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Layers;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Training.Data;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Shell;

/// <summary>Says on standard error why a command ended: in one message, and with a stack trace only if the user asks for it.</summary>
internal static class FailureReport
{
    /// <summary>The environment variable that asks for stack traces; any value but an empty one does.</summary>
    public const string TraceVariable = "CTF_TRACE";

    /// <summary>What the parser, or a command before its work, found wrong with the options.</summary>
    public static void WriteUsage(TextWriter error, Command command, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
        {
            error.WriteLine($"ctf: {problem}");
        }

        error.WriteLine($"Run '{Path(command)} --help' for the options.");
    }

    /// <summary>What ended a command.</summary>
    public static void Write(TextWriter error, Exception exception)
    {
        var cause = exception is AggregateException or TypeInitializationException ? exception.GetBaseException() : exception;
        if (NativeLibraries.Explain(exception) is { } native)
        {
            error.WriteLine($"ctf: {native}");
        }
        else if (MemoryFault.Is(cause))
        {
            error.WriteLine($"ctf: not enough memory: {FirstLine(cause.Message)}");
            error.WriteLine("Take a smaller --batch, smaller images or a smaller model, or a machine with more memory.");
        }
        else if (IsForTheUser(cause))
        {
            error.WriteLine($"ctf: {cause.Message}");
        }
        else
        {
            error.WriteLine($"ctf: unexpected error, {cause.GetType().Name}: {FirstLine(cause.Message)}");
            error.WriteLine($"It is a fault of ctf: please report it, with what '{TraceVariable}=1' in the environment adds to this message.");
        }

        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(TraceVariable)))
        {
            error.WriteLine(exception);
        }
    }

    /// <summary>True if the message says all that a user needs to put it right.</summary>
    public static bool IsForTheUser(Exception exception) => exception
        is DatasetException or TrainingDivergedException or CheckpointException or ModelLoadException or ArchitectureException
        or DeviceUnavailableException or OutOfDeviceMemoryException or InvalidDataException or IOException or UnauthorizedAccessException;

    /// <summary>libtorch adds its own stack below the first line.</summary>
    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd();

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } above ? $"{Path(above)} {command.Name}" : "ctf";
}
