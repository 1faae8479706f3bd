Console.Error.WriteLine("promtool: no command is available yet");
return 1;
