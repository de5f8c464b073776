using CtfService.Benchmarks;

const string Usage = "Usage: dotnet run -c Release --project bench/CtfService.Benchmarks -- checkpoint [GPT-B|GPT-L|GPT-XL] [folder]";

if (args is ["checkpoint", .. var rest] && rest.Length <= 2)
{
    return CheckpointMeasurement.Run(rest.ElementAtOrDefault(0) ?? "GPT-L", rest.ElementAtOrDefault(1) ?? Path.Combine(Path.GetTempPath(), "ctf-checkpoint"));
}

Console.Error.WriteLine(Usage);
return 2;
